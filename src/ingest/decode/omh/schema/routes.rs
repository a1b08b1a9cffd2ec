//! By which ways a medicine enters the body: the words of `intervention-administration-route`.

/// The words of 1.0 and 2.0 alike.
pub(super) const ROUTES: &[&str] = &[
    "arteriovenous fistula", "arteriovenous graft", "body cavity", "auricular", "buccal", "caudal", "colostomy",
    "conjunctival", "cutaneous", "dental", "digestive tract", "electro-osmosis", "endocervical", "endosinusial",
    "enteral", "epidural", "esophagostomy", "extra-amniotic", "extracorporeal", "fistula", "gastro-intestinal stoma",
    "gastroenteral", "gastrostomy", "gingival", "ileostomy", "hemodialysis", "infiltration", "interstitial",
    "intra-abdominal", "intra-amniotic", "intra-arterial", "intra-articular", "intrabiliary", "intrabronchial",
    "intrabursal", "intracardiac", "intracartilaginous", "intracaudal", "intracavernous", "intracavitary",
    "intracerebral", "intracerebroventricular", "intracisternal", "intracolonic", "intracorneal", "intracoronal",
    "intracoronary", "intracorporus cavernosum", "intracranial", "intradermal", "intradiscal", "intraductal",
    "intraduodenal", "intradural", "intraepicardial", "intraepidermal", "intraesophageal", "intragastric",
    "intragingival", "intrahepatic", "intraileal", "intrajejunal", "intralesional", "intralingual", "intraluminal",
    "intralymphatic", "intramammary", "intramedullary", "intrameningeal", "intramuscular", "intramyometrial",
    "intranodal", "intraocular", "intraomentum", "intraosseous", "intraovarian", "intrapericardial",
    "intraperitoneal", "intrapleural", "intraprostatic", "intrapulmonary", "intraruminal", "intrasinal",
    "intraspinal", "intrasternal", "intrasynovial", "intratendinous", "intratesticular", "intrathecal",
    "intrathoracic", "intratubular", "intratumor", "intratympanic", "intrauterine", "intravascular", "intravenous",
    "intravenous central", "intravenous peripheral", "intravesical", "intravitreal", "iontophoresis", "irrigation",
    "jejunostomy", "laryngeal", "lower respiratory tract", "mucous fistula", "nasal", "nasoduodenal", "nasogastric",
    "nasojejunal", "not applicable", "occlusive dressing technique", "ophthalmic", "oral", "orogastric", "oromucosal",
    "oropharyngeal", "otic", "parenteral", "paracervical", "paravertebral", "percutaneous", "periarticular",
    "peribulbar", "peridural", "perineural", "periodontal", "periosteal", "peritendinous", "periurethral", "rectal",
    "retrobulbar", "soft tissue", "subarachnoid", "subconjunctival", "subcutaneous", "subgingival", "sublingual",
    "submucosal", "suborbital", "subretinal", "subtendinous", "surgical cavity", "surgical drain", "topical",
    "transcervical", "transdermal", "transendocardial", "transmucosal", "transplacental", "transtracheal",
    "transtympanic", "transurethral", "tumor cavity", "ureteral", "urethral", "urostomy", "vaginal",
];

/// The words of 1.0 alone.
pub(super) const ROUTES_1: &[&str] = &[
    "endotracheal", "intraventricular", "respiratory (inhalation)",
];

/// The words of 2.0 alone.
pub(super) const ROUTES_2: &[&str] = &[
    "endotracheopulmonary", "intracameral", "intramural", "intraneural", "intraventricular - cardiac",
    "respiratory tract", "sublesional",
];
