-- Providers: one for fifty patients, in hospitals, clinics and wellness centres.
INSERT INTO care.provider (provider_id, family_name, given_name, npi, phone, email, languages)
SELECT pg_temp.key('provider', n),
       pg_temp.pick('{Okafor,Nguyen,Silva,Haddad,Kowalski,Schmidt,Tanaka,Ortiz,Iyer,Brown,Lindqvist,Mensah}', 'family', n),
       pg_temp.pick('{Ada,Binh,Carla,Dina,Ewa,Felix,Goro,Hana,Indra,Jo,Kai,Lena}', 'given', n),
       (1000000000 + n)::text, '+1312555' || lpad((n % 10000)::text, 4, '0'), 'provider' || n || '@example.org',
       CASE WHEN n % 3 = 0 THEN '{en,es}'::text[] ELSE '{en}' END
FROM generate_series(0, pg_temp.providers() - 1) AS n;
