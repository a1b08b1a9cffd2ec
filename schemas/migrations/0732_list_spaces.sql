-- Spaces of the community are listed: what each is about, its rules, and under which name the asker is in it.
--
-- New function under the policies of the tables that it reads, locks nothing. Undo: drop it.
CALL access.publish('list_spaces', '',
    'TABLE (space uuid, name text, topic text, rules text, is_open boolean, pseudonym text)', $body$RETURN QUERY
    SELECT s.space_id, s.name, s.topic, s.rules, s.closed_at IS NULL,
           (SELECT m.pseudonym FROM care.space_member m
            WHERE m.space_id = s.space_id AND m.space_member_id = ANY (care.own_members()))
    FROM care.space s ORDER BY s.name, s.space_id LIMIT 200;$body$,
    'Spaces of the community and, where the actor is in one, the name there, 200 at most.');
