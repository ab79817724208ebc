"""Guideline cases that are not right yet, each with the reason; the list should only shrink."""

KNOWN_WRONG: dict[str, str] = {
    "blind2-chest_radiograph-22": "'X versus Y' after 'possible' is read as nothing for Y",
    "blind2-icdr-19": "of a question for oedema and grade, only the oedema is answered",
    "blind2-icdr-24": "oedema of one eye is not held against the absence of its signs in that eye",
    "blind2-ti_rads-07": "'is FNA indicated under TI-RADS?' is answered without the level",
    "blind5-icdr-25": "'no diabetic changes at all' does not deny macular oedema",
    "blind5-li_rads-24": "a cyst of the pancreas is taken for the liver observation",
}
