"""Guideline cases that are not right yet, each with the reason; the list should only shrink."""

KNOWN_WRONG: dict[str, str] = {
    "blind2-chest_radiograph-22": "'X versus Y' after 'possible' is read as nothing for Y",
    "blind2-icdr-03": "'nothing else: no haemorrhage, ...' leaves hard exudates open",
    "blind2-icdr-19": "'RE:' with exudates at two places brings no conclusion",
    "blind2-icdr-24": "macular oedema in the impression is not held against its absence by signs",
    "blind2-lung_rads-04": "a bare 'NODULES:' title over '#1 location: ...' lines is not read",
    "blind2-marrow-14": "'haemodilute, mostly peripheral blood' alone does not bring the pack in",
    "blind2-marrow-19": "'FLC ratio 140 but involved chain only 80 mg/L' leaves one event open",
    "blind2-marrow-25": "'no evidence of leukaemia or myeloma' is taken as a claim about the code",
    "blind2-marrow-26": "'not reaching the 20 % needed for acute leukaemia' reads as a claim",
    "blind2-ti_rads-07": "'isthmus nodule' with no word of the thyroid does not bring the pack in",
    "blind2-ti_rads-09": "a template that never says 'nodule' gives no nodule",
    "ti_rads-083": "'the larger ... the smaller ...' are not told apart as two nodules",
    "ti_rads-137": "'two nodules: a ... nodule, and a ... nodule' are not told apart",
}
