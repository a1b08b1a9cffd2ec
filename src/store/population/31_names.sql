-- A name for each patient, all made up: one in fifty has a given name alone, and who is called Ito a name in kanji and in kana.
INSERT INTO care.patient_name (patient_id, use, family, given)
SELECT pg_temp.key('patient', n), 'official',
       CASE WHEN n % 50 <> 29 THEN pg_temp.pick(
           '{Adams,Baker,Costa,Diaz,Evans,Fischer,Garcia,Hughes,Ito,Jones,Khan,Lopez,Moreau,Novak,Owens,Patel}', 'surname', n) END,
       ARRAY[pg_temp.pick('{Alex,Bea,Chris,Dana,Eli,Fay,Gus,Hope,Ira,Joy,Ken,Liv,Max,Nia,Otto,Pia}', 'first', n)]
FROM generate_series(0, pg_temp.patients() - 1) AS n;
INSERT INTO care.patient_name (patient_id, use, family, given, script, language)
SELECT latin.patient_id, 'official', form.family, ARRAY[form.given], form.script, 'ja'
FROM care.patient_name AS latin,
     (VALUES ('Hani', '伊藤', '葵'), ('Kana', 'イトウ', 'アオイ')) AS form (script, family, given)
WHERE latin.family = 'Ito' AND latin.script = 'Latn';
