-- Which codes are sensitive, and a trigger by which a row gets its category from them.
--
-- A category that somebody must remember to set is forgotten. So a row gets it from its code, by a list that the network
-- may lengthen: ICD-10 and ATC by the beginning of a code, LOINC and SNOMED CT by whole codes (their hierarchies are not
-- here: what is not listed is plain unless its author says otherwise), drugs by their ingredient as well, since products
-- have a code for each strength. The longest beginning counts. What the author says counts before the code; else a part
-- of a whole (a result of its order, a fill of its prescription) has the category of the whole.
--
-- Nobody lowers a category that stands: not a program, nor who wrote the row. Whoever maintains the network can, and the
-- former version tells it where the table keeps those. A longer list is for rows to come. Locks nothing. Undo: drop them.
CREATE TABLE care.sensitive_code (
    code_system text NOT NULL,
    code        text NOT NULL,
    sensitivity care.sensitivity NOT NULL,
    CONSTRAINT sensitive_code_pkey PRIMARY KEY (code_system, code),
    CONSTRAINT sensitive_code_system_is_known CHECK (code_system IN ('icd10', 'snomed', 'loinc', 'rxnorm', 'atc', 'ingredient', 'service_line')),
    CONSTRAINT sensitive_code_is_some CHECK (code ~ '\S')
);
COMMENT ON TABLE care.sensitive_code IS 'Codes that give a row a category of sensitive facts: of ICD-10 and ATC each code that begins so, of other systems the code itself.';
COMMENT ON COLUMN care.sensitive_code.code_system IS 'icd10, snomed, loinc, rxnorm or atc; ingredient for the name of a drug''s ingredient, service_line for that of a stay.';
COMMENT ON COLUMN care.sensitive_code.code IS 'The code, or the beginning of codes of ICD-10 and ATC; the longest that fits counts.';
COMMENT ON COLUMN care.sensitive_code.sensitivity IS 'The category that it gives.';
COMMENT ON CONSTRAINT sensitive_code_pkey ON care.sensitive_code IS 'This code has its category already.';
COMMENT ON CONSTRAINT sensitive_code_system_is_known ON care.sensitive_code IS 'Choose icd10, snomed, loinc, rxnorm, atc, ingredient or service_line.';
COMMENT ON CONSTRAINT sensitive_code_is_some ON care.sensitive_code IS 'Give a code or the beginning of codes.';
CALL access.guard('care.sensitive_code', 'directory');

INSERT INTO care.sensitive_code (code_system, code, sensitivity)
SELECT known.code_system, code, known.sensitivity FROM (VALUES
    ('icd10', 'behavioural_health', 'F R45 X6 X7 X80 X81 X82 X83 X84 Z91.5'),
    ('icd10', 'substance_use', 'F10 F11 F12 F13 F14 F15 F16 F17 F18 F19 Z71.4 Z71.5 Z72.1 Z72.2'),
    ('icd10', 'hiv', 'B20 B21 B22 B23 B24 Z21 R75 O98.7 Z11.4 Z20.6 Z71.7'),
    ('icd10', 'reproductive', 'O00 O01 O02 O03 O04 O05 O06 O07 O08 N46 N97 Z30 Z31 Z32 Z33 Z64.0'),
    -- Depression, anxiety, bipolar disorder, schizophrenia, post-traumatic stress, obsession, attention deficit, panic.
    ('snomed', 'behavioural_health', '35489007 370143000 197480006 21897009 13746004 58214004 47505003 191736004 406506008 371631005'),
    -- Alcohol, opioids, cocaine.
    ('snomed', 'substance_use', '7200002 15167005 66590003 75544000 5602001 31956009'),
    ('snomed', 'hiv', '86406008 62479008 165816005'),
    -- Pregnancy, miscarriage, ectopic pregnancy, infertility.
    ('snomed', 'reproductive', '77386006 72892002 17369002 34801009 6738008'),
    -- PHQ-9, PHQ-2, GAD-7.
    ('loinc', 'behavioural_health', '44249-1 44261-6 55758-7 69737-5 70274-6'),
    -- AUDIT, AUDIT-C, DAST-10; cannabinoids, cocaine, opiates, ethanol.
    ('loinc', 'substance_use', '75624-7 75626-2 72109-2 82666-9 82667-7 3426-4 3397-7 3879-4 5643-2'),
    -- Antibodies, antigen, RNA; CD4 count.
    ('loinc', 'hiv', '5221-7 7917-8 29893-5 31201-7 56888-1 75622-1 20447-9 25836-8 68961-2 80387-4 89579-7 24467-3'),
    -- Choriogonadotropin.
    ('loinc', 'reproductive', '2106-3 2110-5 19080-1 21198-7'),
    ('atc', 'behavioural_health', 'N05A N05B N06A N06BA'),
    ('atc', 'substance_use', 'N07BB N07BC'),
    ('atc', 'hiv', 'J05AE J05AF J05AG J05AJ J05AR J05AX07 J05AX09'),
    ('atc', 'reproductive', 'G02AD G02B G03A G03G G03XB'),
    ('ingredient', 'behavioural_health', 'sertraline fluoxetine escitalopram citalopram paroxetine fluvoxamine venlafaxine duloxetine '
        'bupropion mirtazapine trazodone amitriptyline lithium quetiapine olanzapine risperidone aripiprazole haloperidol clozapine '
        'ziprasidone paliperidone alprazolam lorazepam clonazepam diazepam buspirone methylphenidate atomoxetine'),
    ('ingredient', 'substance_use', 'buprenorphine methadone naltrexone naloxone disulfiram acamprosate'),
    ('ingredient', 'hiv', 'tenofovir emtricitabine dolutegravir bictegravir raltegravir efavirenz rilpivirine doravirine zidovudine '
        'abacavir lamivudine darunavir atazanavir lopinavir ritonavir cabotegravir maraviroc enfuvirtide'),
    ('ingredient', 'reproductive', 'levonorgestrel norethisterone norethindrone desogestrel drospirenone etonogestrel ulipristal '
        'mifepristone medroxyprogesterone ethinylestradiol clomifene clomiphene'),
    ('service_line', 'behavioural_health', 'psychiatric')
) AS known (code_system, sensitivity, codes), string_to_table(known.codes, ' ') AS code;

CREATE FUNCTION care.sensitivity_of(code_system text, code text) RETURNS care.sensitivity
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF code_system = 'ingredient' THEN
        -- A product of several: the first that is listed.
        RETURN (SELECT s.sensitivity FROM care.sensitive_code s
                WHERE s.code_system = 'ingredient'
                  AND s.code = ANY (regexp_split_to_array(lower(sensitivity_of.code), '[^a-z]+'))
                ORDER BY s.code LIMIT 1);
    END IF;
    RETURN (SELECT s.sensitivity FROM care.sensitive_code s
            WHERE s.code_system = sensitivity_of.code_system
              AND CASE WHEN s.code_system IN ('icd10', 'atc') THEN starts_with(sensitivity_of.code, s.code)
                       ELSE s.code = sensitivity_of.code END
            ORDER BY length(s.code) DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION care.sensitivity_of(text, text) IS 'The category that a code has by care.sensitive_code; null for one that is plain.';
REVOKE EXECUTE ON FUNCTION care.sensitivity_of(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.sensitivity_of(text, text) TO healthtrack_care, healthtrack_migrator;

CREATE FUNCTION care.classify() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    image constant jsonb := to_jsonb(NEW);
    told  text;
    source text;
    value text;
    category text;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.sensitivity IS NOT NULL THEN
        IF NEW.sensitivity IS DISTINCT FROM OLD.sensitivity AND access.actor() IS NOT NULL THEN
            PERFORM care.refuse('sensitivity_is_never_lowered',
                'This row is kept apart already: ask who maintains the network to change its category.');
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.sensitivity IS NOT NULL THEN
        RETURN NEW;
    END IF;
    FOREACH told IN ARRAY coalesce(TG_ARGV, '{}') LOOP
        source := split_part(told, '=', 1);
        value := image ->> split_part(told, '=', 2);
        IF value IS NULL THEN
            CONTINUE;
        ELSIF source ~ '\.' THEN
            EXECUTE format('SELECT sensitivity FROM %s WHERE %I = $1', source::regclass, split_part(source, '.', 2) || '_id')
            INTO category USING value::uuid;
        ELSE
            category := care.sensitivity_of(CASE WHEN source ~ '^:' THEN image ->> substr(source, 2) ELSE source END, value);
        END IF;
        IF category IS NOT NULL THEN
            NEW.sensitivity := category;
            RETURN NEW;
        END IF;
    END LOOP;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.classify() IS 'Trigger before a row is stored: where nobody gave it a category, the first that its arguments tell (loinc=column, :column=column with the system in a column, care.table=column for a whole that it is part of); refuses to lower one.';
REVOKE EXECUTE ON FUNCTION care.classify() FROM PUBLIC;
