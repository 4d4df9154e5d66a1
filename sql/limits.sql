-- Every limit of a document, on every way in which one is written: 54000, and the message names the
-- value, the limit and the setting. No twin: jsonb in a heap table has none of these limits.
CREATE SCHEMA limits;
SET search_path = limits;
CREATE FOREIGN TABLE d (_id int, a jsonb, b text, deep jsonb OPTIONS (path 'x.y.z'), list int[],
  _doc jsonb) SERVER quire;
CREATE FOREIGN TABLE by_text (_id int, _doc json) SERVER quire;
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RETURN 'ok';
EXCEPTION WHEN program_limit_exceeded THEN
  RETURN SQLERRM;
END $$;
-- `small` fits as it is, and is a part of a document that does not fit with `large` in it.
CREATE FUNCTION ways(small jsonb, large jsonb) RETURNS TABLE (way text, result text) LANGUAGE sql AS
$$
  SELECT w, try(format(w, small, large))
    FROM unnest(ARRAY[
      'DELETE FROM d', 'INSERT INTO d (_id, _doc) VALUES (1, %1$L)',
      'INSERT INTO d (_id, _doc) VALUES (2, %2$L)', 'INSERT INTO by_text VALUES (2, %2$L)',
      'INSERT INTO d (_id, a) VALUES (2, %2$L)', 'UPDATE d SET _doc = %2$L WHERE _id = 1',
      'UPDATE d SET a = %2$L WHERE _id = 1',
      'UPDATE d SET deep = %2$L FROM (VALUES (1)) AS v (i) WHERE _id = i',
      'SELECT quire.put(''d'', 1, %2$L)', 'SELECT quire.put(''d'', 2, %2$L)',
      'SELECT quire.patch(''d'', 1, jsonb_build_object(''a'', %2$L::jsonb))']) AS w
$$;
SET quire.max_depth = 4;
SELECT * FROM ways('{"a": {"b": {"c": {}}}}', '{"a": {"b": {"c": {"d": {"e": 1}}}}}');
RESET quire.max_depth;
SET quire.max_fields = 6;
SELECT * FROM ways('{"a": {}}', '{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7}');
RESET quire.max_fields;
SET quire.max_array_length = 5;
SELECT * FROM ways('{"a": [1, 2, 3, 4, 5]}', '{"a": [1, 2, 3, 4, 5, 6]}');
SELECT try('INSERT INTO d (_id, list) VALUES (2, ''{1,2,3,4,5,6}'')');
UPDATE d SET list = '{1,2,3,4,5}' WHERE _id = 1;
RESET quire.max_array_length;
SET quire.max_document_size = '1kB';
SELECT way, regexp_replace(result, '\d+ bytes', 'N bytes') AS result
  FROM ways('{"a": 1}', jsonb_build_object('b', repeat('x', 1100)));
SELECT try('INSERT INTO d (_id, b) VALUES (2, repeat(''x'', 1100))') ~ 'limit of 1024';
RESET quire.max_document_size;
-- COPY, and rows on their way into a partition.
SET quire.max_fields = 3;
COPY d (_id, _doc) FROM STDIN;
7	{"a": 1, "b": 2}
8	{"a": 1, "b": 2, "c": 3}
\.
CREATE TABLE parted (_id int, _doc jsonb) PARTITION BY RANGE (_id);
CREATE FOREIGN TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (10) SERVER quire;
INSERT INTO parted VALUES (1, '{"a": 1, "b": 2, "c": 3}');
RESET quire.max_fields;
-- What was stored under a higher limit stays readable, and can be changed where it does not grow.
INSERT INTO d (_id, _doc) VALUES (100, jsonb_build_object('b', repeat('x', 5000)));
SET quire.max_document_size = '1kB';
SELECT length(b) FROM d WHERE _id = 100;
SELECT try('UPDATE d SET list = ''{1}'' WHERE _id = 100') ~ 'limit of 1024';
UPDATE d SET b = 'short' WHERE _id = 100 RETURNING b;
-- The settings are the superuser's, and have ends.
SET quire.max_depth = 1001;
SET quire.max_document_size = '1GB';
CREATE ROLE quire_regress_limits;
SET ROLE quire_regress_limits;
SET quire.max_depth = 10;
SET quire.max_fields = 10;
SET quire.max_array_length = 10;
SET quire.max_document_size = '10MB';
RESET ROLE;
DROP ROLE quire_regress_limits;
RESET quire.max_document_size;

SET client_min_messages = warning;
DROP SCHEMA limits CASCADE;
