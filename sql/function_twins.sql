-- quire.get, put, patch and delete beside what docs/sql.md says of them, written in SQL
-- (sql/twin/functions.sql). Messages, ids and privileges are in functions.sql.
\getenv source PG_ABS_SRCDIR
\i :source/sql/twin/harness.sql
CREATE SCHEMA function_twins;
SET search_path = function_twins;
CREATE FOREIGN TABLE people (_id text NOT NULL, name text CHECK (name <> 'nobody'),
  city text OPTIONS (path 'address.city'), n int, _doc jsonb, _version bigint) SERVER quire;
CREATE FOREIGN TABLE numbers (_id int, n int, _doc jsonb, _version bigint) SERVER quire;
CREATE FOREIGN TABLE any_key (_id jsonb, _doc jsonb, _version bigint) SERVER quire;
CALL twin.make('people');
CALL twin.make('numbers');
CALL twin.make('any_key');
CALL twin.make_functions();

-- Written, read, replaced, gone, and back at version 1.
CALL twin.run($$
  SELECT doc_get('people', 'a'), doc_patch('people', 'a', '{"n": 1}'), doc_delete('people', 'a');
  SELECT doc_put('people', 'a',
                 '{"name": "Ada", "keep": [1.50, null], "address": {"city": "Rome"}}');
  SELECT doc_put('people', 'b', '{"_id": "b", "n": "7"}');
  SELECT doc_get('people', 'a'), doc_get('people', 'b'), doc_get('people', 'c');
  SELECT * FROM people ORDER BY _id;
  SELECT doc_put('people', 'a', '{"n": 2.50, "address": {"zip": "1"}}');
  SELECT doc_put('people', 'a', doc_get('people', 'a'));
  SELECT * FROM people ORDER BY _id;
  SELECT doc_delete('people', 'a');
  SELECT doc_delete('people', 'a');
  SELECT doc_put('people', 'a', '{}');
  SELECT * FROM people ORDER BY _id;
$$);

-- The examples of RFC 7396, in a field, and some more.
CREATE TABLE patches (n int GENERATED ALWAYS AS IDENTITY, target jsonb, patch jsonb);
INSERT INTO patches (target, patch) VALUES
  ('{"a":"b"}', '{"a":"c"}'), ('{"a":"b"}', '{"b":"c"}'), ('{"a":"b"}', '{"a":null}'),
  ('{"a":"b","b":"c"}', '{"a":null}'), ('{"a":["b"]}', '{"a":"c"}'), ('{"a":"c"}', '{"a":["b"]}'),
  ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}'), ('{"a":[{"b":"c"}]}', '{"a":[1]}'),
  ('["a","b"]', '["c","d"]'), ('{"a":"b"}', '["c"]'), ('{"a":"foo"}', 'null'),
  ('{"a":"foo"}', '"bar"'), ('{"e":null}', '{"a":1}'), ('[1,2]', '{"a":"b","c":null}'),
  ('{}', '{"a":{"bb":{"ccc":null}}}'),
  ('{"a":{"b":{"c":{"d":1.10}}}}', '{"a":{"b":{"c":{"e":[]}}}}'),
  ('{"a":1.0}', '{"a":1.00}'), ('{"":{"":1}}', '{"":{"":null,"x":{}}}'), ('{"a":{}}', '{"a":{}}');
CALL twin.run($$
  INSERT INTO numbers (_id, _doc) SELECT n, jsonb_build_object('v', target) FROM patches;
  SELECT n, doc_patch('numbers', n, jsonb_build_object('v', patch)) FROM patches ORDER BY n;
  SELECT * FROM numbers ORDER BY _id;
  SELECT doc_patch('numbers', 1, '{"n": 5, "v": null}'), doc_patch('numbers', 1, '{"_id": 1}');
  SELECT doc_patch('numbers', 1, '{}');
  SELECT doc_get('numbers', 1);
$$);

-- Ids of other types than the key's; 1 and 1.0 are one jsonb key.
CALL twin.run($$
  SELECT doc_put('numbers', '100', '{"n": 1}'), doc_put('numbers', 100::int8, '{"_id": 100}');
  SELECT doc_put('any_key', '1'::jsonb, '{}'), doc_put('any_key', '1.0'::jsonb, '{"a": 1}');
  SELECT doc_put('any_key', '{"x": [1]}'::jsonb, '{}'), doc_put('any_key', '"1"'::jsonb, '{}');
  SELECT _id::text, _doc, _version FROM any_key ORDER BY _id;
$$);

-- Refused.
CALL twin.fail('22023', $$
  SELECT doc_put('people', 'a', '[1]');
  SELECT doc_put('people', 'a', '"text"');
  SELECT doc_put('people', 'a', '{"_id": "b"}');
  SELECT doc_patch('people', 'a', '3');
  SELECT doc_patch('people', 'a', 'null');
  SELECT doc_patch('people', 'a', '{"_id": "b"}');
$$);
CALL twin.fail('22004', $$
  SELECT doc_put('people', NULL, '{}');
  SELECT doc_put('people', 'a', NULL);
  SELECT doc_patch('people', 'a', NULL);
  SELECT doc_delete('people', NULL);
$$);
CALL twin.fail('23514', $$
  SELECT doc_put('people', 'a', '{"name": "nobody"}');
  SELECT doc_patch('people', 'a', '{"name": "nobody"}');
  SELECT doc_put('people', 'new', '{"name": "nobody"}');
$$);
CALL twin.run($$ SELECT doc_get('people', NULL), count(*) FROM people $$);

-- With statements, in one transaction, and taken back.
BEGIN;
CALL twin.run($$
  SELECT doc_put('people', 'c', '{"n": 1}'), doc_patch('people', 'c', '{"n": 2}');
$$);
SAVEPOINT s;
CALL twin.run($$
  UPDATE people SET n = n + 10 RETURNING *;
  SELECT doc_patch('people', 'c', '{"n": null}'), doc_delete('people', 'b');
  SELECT * FROM people ORDER BY _id;
$$);
ROLLBACK TO s;
CALL twin.run($$
  SELECT * FROM people ORDER BY _id;
  SELECT doc_patch('people', 'c', '{"m": 1}');
$$);
COMMIT;
CALL twin.run($$
  SELECT * FROM people ORDER BY _id;
  SELECT count(doc_put('people', _id || '!', _doc - '_id')) FROM people;
  SELECT count(doc_delete('people', _id)) FROM people WHERE _id LIKE '%!';
  SELECT * FROM people ORDER BY _id;
$$);

TABLE twin.report;
CALL twin.finish('function_twins');
