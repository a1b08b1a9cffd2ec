-- What is known of substances: which harm each other, which belong together, and how much of one a day is too much.
--
-- Small lists of well-known facts as they stand in public labels of drugs, so that a network begins with something. They
-- are meant to be replaced by a maintained source: `DELETE` and `INSERT` by the owner, no program reads them otherwise. A
-- substance is named as care.medication.ingredient names it, in lower case; of a combination each part is looked up.
-- What stands in no list is not judged, and care.detect_issues says so. New tables, locks nothing. Undo: drop them.
CREATE TABLE care.drug_interaction (
    ingredient       text NOT NULL,
    other_ingredient text NOT NULL,
    severity         text NOT NULL,
    effect           text NOT NULL,
    source           text NOT NULL,

    CONSTRAINT drug_interaction_pkey PRIMARY KEY (ingredient, other_ingredient),
    CONSTRAINT drug_interaction_is_listed_once CHECK (ingredient < other_ingredient),
    CONSTRAINT drug_interaction_is_in_lower_case CHECK (
        ingredient ~ '\S' AND ingredient = lower(ingredient) AND other_ingredient = lower(other_ingredient)
    ),
    CONSTRAINT drug_interaction_severity_is_known CHECK (severity IN ('high', 'moderate', 'low')),
    CONSTRAINT drug_interaction_says_what_and_who CHECK (effect ~ '\S' AND source ~ '\S')
);
CREATE INDEX drug_interaction_other_idx ON care.drug_interaction (other_ingredient);
COMMENT ON TABLE  care.drug_interaction                  IS 'Two substances that harm each other; a small default, to be replaced by a maintained list.';
COMMENT ON COLUMN care.drug_interaction.ingredient       IS 'The substance that comes first in the alphabet.';
COMMENT ON COLUMN care.drug_interaction.other_ingredient IS 'The other one.';
COMMENT ON COLUMN care.drug_interaction.severity         IS 'high (refused unless a reason is given), moderate or low.';
COMMENT ON COLUMN care.drug_interaction.effect           IS 'What happens, in words.';
COMMENT ON COLUMN care.drug_interaction.source           IS 'Who says so.';
COMMENT ON CONSTRAINT drug_interaction_pkey ON care.drug_interaction IS 'These two are listed already.';
COMMENT ON CONSTRAINT drug_interaction_is_listed_once ON care.drug_interaction IS 'Name first the substance that comes first in the alphabet.';
COMMENT ON CONSTRAINT drug_interaction_is_in_lower_case ON care.drug_interaction IS 'Write the substances in lower case.';
COMMENT ON CONSTRAINT drug_interaction_severity_is_known ON care.drug_interaction IS 'Choose high, moderate or low.';
COMMENT ON CONSTRAINT drug_interaction_says_what_and_who ON care.drug_interaction IS 'Say what happens, and who says so.';
CALL access.guard('care.drug_interaction', 'directory');

CREATE TABLE care.drug_class (
    ingredient text NOT NULL,
    class      text NOT NULL,

    CONSTRAINT drug_class_pkey PRIMARY KEY (ingredient, class),
    CONSTRAINT drug_class_is_in_lower_case CHECK (
        ingredient ~ '\S' AND ingredient = lower(ingredient) AND class ~ '\S' AND class = lower(class)
    )
);
CREATE INDEX drug_class_class_idx ON care.drug_class (class);
COMMENT ON TABLE  care.drug_class            IS 'Families of substances: who is allergic to a family is to each of it; a small default, to be replaced.';
COMMENT ON COLUMN care.drug_class.ingredient IS 'A substance.';
COMMENT ON COLUMN care.drug_class.class      IS 'A family that it belongs to, in the singular.';
COMMENT ON CONSTRAINT drug_class_pkey ON care.drug_class IS 'This substance is listed in this family already.';
COMMENT ON CONSTRAINT drug_class_is_in_lower_case ON care.drug_class IS 'Write substance and family in lower case.';
CALL access.guard('care.drug_class', 'directory');

CREATE TABLE care.dose_limit (
    ingredient text           NOT NULL,
    unit       care.ucum_unit NOT NULL,
    most_a_day numeric(12,4)  NOT NULL,
    source     text           NOT NULL,

    CONSTRAINT dose_limit_pkey PRIMARY KEY (ingredient, unit),
    CONSTRAINT dose_limit_is_in_lower_case CHECK (ingredient ~ '\S' AND ingredient = lower(ingredient)),
    CONSTRAINT dose_limit_is_above_zero CHECK (most_a_day > 0),
    CONSTRAINT dose_limit_says_who CHECK (source ~ '\S')
);
COMMENT ON TABLE  care.dose_limit            IS 'How much of a substance an adult takes a day at most; a small default, to be replaced.';
COMMENT ON COLUMN care.dose_limit.ingredient IS 'The substance.';
COMMENT ON COLUMN care.dose_limit.unit       IS 'Unit of the amount, by UCUM.';
COMMENT ON COLUMN care.dose_limit.most_a_day IS 'The most within a day.';
COMMENT ON COLUMN care.dose_limit.source     IS 'Who says so.';
COMMENT ON CONSTRAINT dose_limit_pkey ON care.dose_limit IS 'This substance has a limit in this unit already.';
COMMENT ON CONSTRAINT dose_limit_is_in_lower_case ON care.dose_limit IS 'Write the substance in lower case.';
COMMENT ON CONSTRAINT dose_limit_is_above_zero ON care.dose_limit IS 'A limit is above zero.';
COMMENT ON CONSTRAINT dose_limit_says_who ON care.dose_limit IS 'Say who says so.';
CALL access.guard('care.dose_limit', 'directory');

INSERT INTO care.drug_interaction (ingredient, other_ingredient, severity, effect, source)
SELECT least(one, other), greatest(one, other), severity, effect, 'Label of ' || of FROM (VALUES
    ('nitroglycerin', 'sildenafil', 'high', 'Blood pressure may fall dangerously.', 'sildenafil'),
    ('clarithromycin', 'simvastatin', 'high', 'Simvastatin rises: muscle may be destroyed.', 'simvastatin'),
    ('gemfibrozil', 'simvastatin', 'high', 'Simvastatin rises: muscle may be destroyed.', 'simvastatin'),
    ('aspirin', 'warfarin', 'high', 'Bleeding becomes more likely.', 'warfarin'),
    ('ibuprofen', 'warfarin', 'high', 'Bleeding becomes more likely.', 'warfarin'),
    ('fluconazole', 'warfarin', 'high', 'Warfarin rises: bleeding becomes more likely.', 'warfarin'),
    ('methotrexate', 'trimethoprim', 'high', 'Bone marrow may fail.', 'methotrexate'),
    ('fluoxetine', 'phenelzine', 'high', 'Serotonin syndrome.', 'fluoxetine'),
    ('linezolid', 'sertraline', 'high', 'Serotonin syndrome.', 'linezolid'),
    ('sertraline', 'tramadol', 'high', 'Serotonin syndrome, and seizures.', 'tramadol'),
    ('amiodarone', 'digoxin', 'high', 'Digoxin rises to toxic levels.', 'digoxin'),
    ('ibuprofen', 'lithium', 'high', 'Lithium rises to toxic levels.', 'lithium'),
    ('lisinopril', 'lithium', 'high', 'Lithium rises to toxic levels.', 'lithium'),
    ('allopurinol', 'azathioprine', 'high', 'Azathioprine rises: bone marrow may fail.', 'azathioprine'),
    ('ciprofloxacin', 'tizanidine', 'high', 'Tizanidine rises: blood pressure may fall dangerously.', 'tizanidine'),
    ('lisinopril', 'spironolactone', 'moderate', 'Potassium rises: measure it.', 'lisinopril'),
    ('lisinopril', 'potassium chloride', 'moderate', 'Potassium rises: measure it.', 'lisinopril'),
    ('ibuprofen', 'lisinopril', 'moderate', 'Kidneys may suffer, and pressure is lowered less.', 'lisinopril'),
    ('clopidogrel', 'omeprazole', 'moderate', 'Clopidogrel is less effective.', 'clopidogrel'),
    ('levothyroxine', 'omeprazole', 'low', 'Less levothyroxine may be taken up.', 'levothyroxine')
) AS known (one, other, severity, effect, of);
INSERT INTO care.drug_class (ingredient, class)
SELECT ingredient, class FROM (VALUES
    ('penicillin', '{amoxicillin,ampicillin,penicillin v,penicillin g,piperacillin,dicloxacillin}'),
    ('cephalosporin', '{cefalexin,cefuroxime,ceftriaxone,cefazolin}'),
    ('sulfonamide', '{sulfamethoxazole,sulfadiazine}'),
    ('macrolide', '{azithromycin,clarithromycin,erythromycin}'),
    ('fluoroquinolone', '{ciprofloxacin,levofloxacin,moxifloxacin}'),
    ('tetracycline', '{doxycycline,minocycline,tetracycline}'),
    ('nsaid', '{aspirin,ibuprofen,naproxen,diclofenac,ketorolac,celecoxib}'),
    ('opioid', '{codeine,morphine,oxycodone,hydrocodone,tramadol,fentanyl}'),
    ('ace inhibitor', '{lisinopril,enalapril,ramipril,captopril}'),
    ('statin', '{atorvastatin,simvastatin,pravastatin,rosuvastatin}'),
    ('biguanide', '{metformin}')
) AS family (class, ingredients), unnest(ingredients::text[]) AS ingredient;
INSERT INTO care.dose_limit (ingredient, unit, most_a_day, source)
SELECT ingredient, 'mg', most, 'Label of ' || ingredient FROM (VALUES
    ('acetaminophen', 4000), ('metformin', 2550), ('ibuprofen', 3200), ('simvastatin', 40), ('lisinopril', 80),
    ('atorvastatin', 80), ('sertraline', 200), ('tramadol', 400), ('naproxen', 1500)
) AS known (ingredient, most);
