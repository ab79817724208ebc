"""Guideline cases that are not right yet, each with the reason; the list should only shrink."""

KNOWN_WRONG: dict[str, str] = {
    "blind2-icdr-24": "oedema of one eye is not held against the absence of its signs in that eye",
    "blind5-icdr-25": "'no diabetic changes at all' does not deny macular oedema",
    "blind6-icdr-14": "a grade claimed for one eye is held against the worse eye only",
    "blind6-marrow-14": "'adequate aspirate' in the impression is not held against a dilute field",
    "blind6-recist-07": "'at baseline: ... (sum 52 mm)' is taken for the sum now",
    "blind6-recist-10": "'the liver lesion was not evaluated' does not make the targets incomplete",
    "blind6-tnm_lung_8-09": "'multiple' metastases are not held against a single one",
    "blind6-tnm_lung_9-13": "'no lymphadenopathy' is not held against a metastatic node",
}
