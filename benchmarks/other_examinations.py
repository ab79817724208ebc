"""Made-up reports of examinations other than chest radiographs: none there is similar."""

OTHER_EXAMINATIONS = (
    "EXAM: MRI knee. FINDINGS: Complex tear of the posterior horn of the medial meniscus. The "
    "cruciate ligaments are intact. Small joint effusion. IMPRESSION: Medial meniscal tear.",
    "EXAM: Ultrasound thyroid. FINDINGS: Solid hypoechoic nodule of 14 mm in the right lobe with "
    "irregular margins and punctate echogenic foci. IMPRESSION: TI-RADS 5 nodule.",
    "EXAM: CT abdomen. FINDINGS: Hypervascular lesion of 23 mm in segment 6 with washout and "
    "capsule. No ascites. IMPRESSION: LI-RADS 5.",
    "EXAM: MRI brain. FINDINGS: Restricted diffusion in the left middle cerebral artery "
    "territory. No haemorrhage. IMPRESSION: Acute infarct.",
    "Bone marrow aspirate: hypercellular marrow, 40 % blasts. IMPRESSION: Acute myeloid leukaemia.",
    "Fundus: microaneurysms and dot haemorrhages in all quadrants, venous beading. IMPRESSION: "
    "Severe non-proliferative retinopathy.",
    "FINDINGS: Painful hip prosthesis. No fracture. IMPRESSION: Loosening.",
    "EXAM: Mammography. FINDINGS: Spiculated mass in the upper outer quadrant of the left breast "
    "with pleomorphic calcifications. IMPRESSION: BI-RADS 5.",
    "EXAM: Radiograph left wrist. FINDINGS: Displaced fracture of the distal radius. IMPRESSION: "
    "Colles fracture.",
    "EXAM: Ultrasound of the pelvis. FINDINGS: Fibroid of 4 cm in the uterus. Normal ovaries. "
    "IMPRESSION: Uterine fibroid.",
    "EXAM: CT head. FINDINGS: No intracranial haemorrhage. Ventricles are normal. IMPRESSION: "
    "Normal.",
    "EXAM: MRI lumbar spine. FINDINGS: Disc herniation at L5-S1 with compression of the right S1 "
    "root. Degenerative changes. IMPRESSION: Disc herniation.",
    "Upper endoscopy: erosive oesophagitis, a hiatal hernia of 3 cm, no varices. IMPRESSION: "
    "Reflux oesophagitis.",
    "Colonoscopy: a pedunculated polyp of 12 mm in the sigmoid, removed. No bleeding.",
    "Skin biopsy: nests of atypical melanocytes, Breslow thickness 0.8 mm, margins free.",
    "FINDINGS: Ankle: bimalleolar fracture with lateral talar shift. IMPRESSION: Unstable ankle.",
    "EXAM: Renal ultrasound. FINDINGS: Right hydronephrosis, a stone of 8 mm in the proximal "
    "ureter. IMPRESSION: Obstructing stone.",
    "EXAM: CT angiography of the legs. FINDINGS: Occlusion of the left superficial femoral artery "
    "over 8 cm with collaterals. IMPRESSION: Occlusive disease.",
    "EXAM: MRI prostate. FINDINGS: A lesion of 9 mm in the right peripheral zone, restricted "
    "diffusion. No extension beyond the capsule. IMPRESSION: PI-RADS 4.",
    "Electrocardiogram: sinus rhythm, rate 72, left bundle branch block, no acute changes.",
    "EXAM: Echocardiography. FINDINGS: Ejection fraction 35 %, global hypokinesia, moderate mitral "
    "regurgitation. IMPRESSION: Dilated cardiomyopathy.",
    "EXAM: Radiograph right knee. FINDINGS: Narrowed medial joint space, osteophytes, no fracture. "
    "IMPRESSION: Osteoarthritis.",
    "EXAM: CT paranasal sinuses. FINDINGS: Opacification of the left maxillary sinus with a fluid "
    "level. IMPRESSION: Acute sinusitis.",
    "EXAM: Scrotal ultrasound. FINDINGS: Absent flow in the left testis. IMPRESSION: Torsion.",
    "EXAM: Obstetric ultrasound. FINDINGS: Single live fetus of 21 weeks, normal anatomy, anterior "
    "placenta. IMPRESSION: Normal scan.",
    "Liver biopsy: bridging fibrosis, moderate inflammation, no iron. IMPRESSION: Stage 3.",
    "EXAM: Panoramic radiograph. FINDINGS: Impacted third molars, a radiolucency at the apex of "
    "tooth 36. IMPRESSION: Periapical lesion.",
    "EXAM: MRI shoulder. FINDINGS: Full thickness tear of the supraspinatus with retraction of "
    "2 cm. Small effusion. IMPRESSION: Rotator cuff tear.",
    "Blood smear: microcytic red cells, normal platelets, no blasts. IMPRESSION: Iron deficiency.",
    "Otoscopy: the left drum is red and bulging. IMPRESSION: Acute otitis media.",
)
