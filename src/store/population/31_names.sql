-- A name and a telephone for each patient; all made up.
INSERT INTO care.patient_name (patient_id, use, family, given)
SELECT pg_temp.key('patient', n), 'official',
       pg_temp.pick('{Adams,Baker,Costa,Diaz,Evans,Fischer,Garcia,Hughes,Ito,Jones,Khan,Lopez,Moreau,Novak,Owens,Patel}', 'surname', n),
       ARRAY[pg_temp.pick('{Alex,Bea,Chris,Dana,Eli,Fay,Gus,Hope,Ira,Joy,Ken,Liv,Max,Nia,Otto,Pia}', 'first', n)]
FROM generate_series(0, pg_temp.patients() - 1) AS n;
