-- INSERT, COPY, UPDATE, DELETE: what becomes of a document.
\getenv source PG_ABS_SRCDIR
\i :source/sql/twin/harness.sql
CREATE SCHEMA writing;
SET search_path = writing;
CREATE FOREIGN TABLE users (
  _id text NOT NULL,
  name text,
  age int,
  city text OPTIONS (path 'address.city'),
  zip text OPTIONS (path 'address.zip'),
  second text OPTIONS (path 'tags.1'),
  _doc jsonb,
  _version bigint
) SERVER quire;
CALL twin.make('users');

-- `_doc` is the base, columns that are not NULL go over it.
CALL twin.run($$
  INSERT INTO users (_id, _doc) VALUES ('a', '{"name": "Ada", "other": [1, 2.50], "age": null}')
    RETURNING *;
  INSERT INTO users (_id, name, age, _doc)
    VALUES ('b', 'Bob', 5, '{"name": "Ada", "age": 36, "x": 1}') RETURNING *;
  INSERT INTO users (_id, city, zip) VALUES ('c', 'Paris', '75001') RETURNING *;
  INSERT INTO users (_id, city, _doc)
    VALUES ('d', 'Rome', '{"address": {"city": "Oslo", "no": 3}}') RETURNING *;
  INSERT INTO users (_id, second, _doc) VALUES ('e', 'two', '{"tags": ["one"]}') RETURNING *;
  INSERT INTO users (_id, second, _doc) VALUES ('f', 'two', '{"tags": ["one", 2, 3]}')
    RETURNING *;
$$);
SELECT _doc FROM users WHERE _id IN ('b', 'd', 'f') ORDER BY _id;
-- What cannot be written.
CALL twin.fail('22023', $$
  INSERT INTO users (_id, second, _doc) VALUES ('g', 'two', '{"tags": []}');
  INSERT INTO users (_id, city, _doc) VALUES ('g', 'Rome', '{"address": "somewhere"}');
  INSERT INTO users (_id, city, _doc) VALUES ('g', 'Rome', '{"address": [1]}');
  INSERT INTO users (_id, _doc) VALUES ('g', '[1]'), ('h', '{}');
  INSERT INTO users (_id, _doc) VALUES ('g', '"text"');
  INSERT INTO users (_id, _doc) VALUES ('g', 'null');
$$);
-- As users see it.
INSERT INTO users (_id, second, _doc) VALUES ('g', 'two', '{"tags": []}');
INSERT INTO users (_id, city, _doc) VALUES ('g', 'Rome', '{"address": "somewhere"}');
INSERT INTO users (_id, city, _doc) VALUES ('g', 'Rome', '{"address": [1]}');
INSERT INTO users (_id, _doc) VALUES ('g', '[1]'), ('h', '{}');
-- `_version` is ignored, so that what was dumped can be restored.
CALL twin.run($$
  SELECT count(*) FROM users;
  INSERT INTO users (_id, _version) VALUES ('g', 77) RETURNING _version, _doc;
  INSERT INTO users DEFAULT VALUES RETURNING length(_id), _version;
  DELETE FROM users WHERE length(_id) = 36;
$$);

-- Several rows, from a query, and duplicates.
CALL twin.run($$ INSERT INTO users (_id, age) VALUES ('m1', 1), ('m2', 2), ('m3', 3) $$);
CALL twin.fail('23505', $$
  INSERT INTO users (_id, age) VALUES ('m4', 4), ('m2', 2);
  INSERT INTO users (_id, age) VALUES ('n', 4), ('n', 4);
$$);
INSERT INTO users (_id, age) VALUES ('m4', 4), ('m2', 2);
CALL twin.run($$
  INSERT INTO users (_id, age) SELECT _id || '+', age * 10 FROM users WHERE _id LIKE 'm%';
  INSERT INTO users (_id, age) VALUES ('m1', 100), ('m9', 9), ('m9', 10) ON CONFLICT DO NOTHING
    RETURNING _id, age;
  SELECT _id, age, _version FROM users WHERE _id LIKE 'm%' ORDER BY _id;
$$);
-- A conflict has no name here.
INSERT INTO users (_id) VALUES ('m1') ON CONFLICT (_id) DO NOTHING;
INSERT INTO users (_id) VALUES ('m1') ON CONFLICT (_id) DO UPDATE SET age = 1;

-- COPY, both ways: once into the collection, once into the twin.
COPY users (_id, name, age) FROM STDIN;
c1	Carl	1
c2	\N	2
\.
COPY users (_doc) FROM STDIN;
{"_id": "c3", "name": "Cleo", "x": {"y": "\\u00fc"}}
\.
COPY users (_id, _doc) FROM STDIN (FORMAT csv, HEADER);
_id,_doc
c4,"{""name"": ""Cy""}"
\.
COPY users (_id) FROM STDIN;
c5
c1
\.
COPY writing_twin.users (_id, name, age) FROM STDIN;
c1	Carl	1
c2	\N	2
\.
COPY writing_twin.users (_doc) FROM STDIN;
{"_id": "c3", "name": "Cleo", "x": {"y": "\\u00fc"}}
\.
COPY writing_twin.users (_id, _doc) FROM STDIN (FORMAT csv, HEADER);
_id,_doc
c4,"{""name"": ""Cy""}"
\.
CALL twin.run($$ SELECT * FROM users ORDER BY _id $$);
COPY (SELECT _id, age, _doc FROM users WHERE _id LIKE 'c_' ORDER BY 1) TO STDOUT;

-- UPDATE: only what is assigned.
CALL twin.run($$
  UPDATE users SET age = 37 WHERE _id = 'a' RETURNING *;
  UPDATE users SET age = age + 1, name = upper(name) WHERE _id = 'a' RETURNING *;
  UPDATE users SET name = NULL WHERE _id = 'a' RETURNING *;
  UPDATE users SET name = NULL, city = NULL WHERE _id = 'a' RETURNING *;
  UPDATE users SET city = 'Bath', zip = NULL WHERE _id = 'c' RETURNING *;
  UPDATE users SET city = NULL WHERE _id = 'c' RETURNING *;
  UPDATE users SET second = NULL WHERE _id = 'f' RETURNING *;
  UPDATE users SET second = 'x' WHERE _id = 'd';
  UPDATE users SET second = 'x' WHERE _id = 'd' RETURNING *;
$$);
-- Nothing else of the document is touched: numbers keep their digits, mismatches stay.
CALL twin.run($$
  INSERT INTO users (_id, _doc) VALUES ('keep', '{"age": "old", "n": 1.500, "name": "K"}');
  UPDATE users SET name = 'L' WHERE _id = 'keep' RETURNING *;
  UPDATE users SET age = NULL WHERE _id = 'keep' RETURNING *;
  UPDATE users SET _doc = '{"age": "new", "n": 1.500, "name": "L"}' WHERE _id = 'keep';
$$);
-- The version grows even if nothing changes.
CALL twin.run($$
  UPDATE users SET name = name WHERE _id = 'keep' RETURNING _version, _doc;
  UPDATE users SET name = 'M' WHERE _id = 'keep' AND _version = 5 RETURNING _version;
  UPDATE users SET name = 'N' WHERE _id = 'keep' AND _version = 5 RETURNING _version;
$$);
-- A whole document: without a key it keeps the old one, with another key it moves.
CALL twin.run($$
  UPDATE users SET _doc = '{"name": "whole"}' WHERE _id = 'keep' RETURNING *;
  UPDATE users SET _doc = _doc || '{"x": 1}', age = 5 WHERE _id = 'keep' RETURNING *;
  UPDATE users SET _doc = '{"_id": "kept", "y": 1}' WHERE _id = 'keep' RETURNING *;
  UPDATE users SET _doc = '{"_id": "no", "y": 1}', _id = 'yes' WHERE _id = 'kept' RETURNING *;
  UPDATE users SET (name, age) = (SELECT 'from a query', 9) WHERE _id = 'yes' RETURNING *;
  UPDATE users SET (name, age) = ('pair', 10) WHERE _id = 'yes' RETURNING *;
$$);
SELECT _id, _doc, _version FROM users WHERE _id = 'yes';
CALL twin.fail('23505', $$ UPDATE users SET _doc = '{"_id": "a"}' WHERE _id = 'yes' $$);
CALL twin.fail('22023', $$ UPDATE users SET _doc = '7' WHERE _id = 'yes' $$);
CALL twin.fail('428C9', $$ UPDATE users SET _version = 1 $$);
CALL twin.fail('23502', $$ UPDATE users SET _id = NULL $$);
UPDATE users SET _doc = NULL WHERE _id = 'yes';
UPDATE users SET _doc = '7' WHERE _id = 'yes';
UPDATE users SET _version = 1;
UPDATE users SET _id = NULL;

-- DELETE, and the version of who comes back.
CALL twin.run($$
  DELETE FROM users WHERE _id = 'yes' RETURNING *;
  DELETE FROM users WHERE _id = 'yes';
  INSERT INTO users (_id) VALUES ('yes') RETURNING *;
  DELETE FROM users WHERE age > 2 AND _id LIKE 'm%' RETURNING _id, age;
  SELECT * FROM users ORDER BY _id;
$$);

-- A statement does not see what it writes itself.
CREATE FOREIGN TABLE numbers (_id int, n int) SERVER quire;
CREATE TABLE heap (_id int PRIMARY KEY, n int);
INSERT INTO heap SELECT i, i FROM generate_series(1, 10) AS i;
CALL twin.make('numbers');
CALL twin.run($$
  INSERT INTO numbers SELECT i, i FROM generate_series(1, 10) AS i;
  INSERT INTO numbers SELECT _id + 100, n FROM numbers;
  UPDATE numbers SET n = n + 1;
  UPDATE numbers SET n = n + 1 WHERE n < 8;
  SELECT * FROM numbers ORDER BY _id;
$$);
-- One row that is joined twice is changed once, another command's row as it was before.
CALL twin.run($$
  UPDATE numbers SET n = n + v.x FROM (VALUES (1, 50), (1, 50), (2, 70)) AS v (id, x)
    WHERE _id = v.id RETURNING *;
  DELETE FROM numbers USING (VALUES (3), (3), (4)) AS v (id) WHERE _id = v.id
    RETURNING numbers.*;
  WITH up AS (UPDATE numbers SET n = -n WHERE _id = 5 RETURNING *)
    SELECT up.n, numbers.n FROM up JOIN numbers USING (_id);
  WITH gone AS (DELETE FROM numbers WHERE _id > 105 RETURNING *)
    INSERT INTO numbers SELECT _id + 1000, n FROM gone RETURNING *;
  SELECT * FROM numbers ORDER BY _id;
$$);
-- Subqueries in new values and conditions.
CALL twin.run($$
  UPDATE numbers SET n = (SELECT max(n) FROM heap) WHERE _id = 6;
  UPDATE numbers SET n = (SELECT max(n) FROM numbers) WHERE _id = 7;
  UPDATE numbers SET n = (SELECT sum(h.n) FROM heap h WHERE h._id < numbers._id) WHERE _id < 9;
  UPDATE numbers SET n = n + 1
    WHERE _id = 7 OR _id IN (SELECT h._id FROM heap h WHERE h.n % 2 = 0) RETURNING *;
  DELETE FROM numbers
    WHERE n > (SELECT avg(n) * 3 FROM heap) AND EXISTS (SELECT FROM heap LIMIT 1) RETURNING *;
  DELETE FROM numbers d WHERE NOT EXISTS (SELECT FROM heap h WHERE h._id = d._id) RETURNING *;
  SELECT * FROM numbers ORDER BY _id;
$$);
-- Conditions that are the same for every row stand above the scan.
CALL twin.run($$
  UPDATE numbers SET n = n + 1 WHERE _id = 1 AND _id = 2 RETURNING *;
  UPDATE numbers SET n = n + 1 WHERE now() > '2020-01-01' AND n > 3 RETURNING *;
  UPDATE numbers SET n = n + 1 WHERE n > 3 AND EXISTS (SELECT FROM heap LIMIT 1);
  UPDATE numbers SET n = n + 1 WHERE now() < '2020-01-01' RETURNING *;
  DELETE FROM numbers WHERE now() > '2020-01-01' AND _id = 1 RETURNING *;
  SELECT * FROM numbers ORDER BY _id;
$$);
EXPLAIN (COSTS OFF) UPDATE numbers
  SET n = (SELECT sum(h.n) FROM heap h WHERE h._id < numbers._id) WHERE _id = (SELECT 3);

-- Defaults, and volatile expressions once for each row.
CREATE SEQUENCE counter;
CREATE FOREIGN TABLE counted (_id int DEFAULT nextval('writing.counter'), n int DEFAULT 7, s text)
  SERVER quire;
CALL twin.make('counted');
INSERT INTO counted (s) VALUES ('x'), ('y');
SELECT setval('counter', 1, false);
INSERT INTO writing_twin.counted (s) VALUES ('x'), ('y');
CALL twin.run($$
  SELECT * FROM counted ORDER BY _id;
  UPDATE counted SET n = DEFAULT, s = DEFAULT WHERE _id = 1 RETURNING *;
$$);
UPDATE counted SET n = nextval('counter') RETURNING *;
SELECT currval('counter');

-- What waits for later issues says so.
SELECT * FROM numbers FOR UPDATE;
SELECT * FROM numbers, heap FOR SHARE OF numbers;
SELECT count(*) FROM (SELECT * FROM numbers JOIN heap USING (_id) FOR UPDATE OF heap) AS x;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT * FROM numbers;
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
INSERT INTO numbers VALUES (1);
ROLLBACK;
BEGIN READ ONLY;
INSERT INTO numbers VALUES (1);
ROLLBACK;

-- What identifies a row and its table, in conditions and assignments that run inside the scan.
CREATE FOREIGN TABLE places (_id int NOT NULL, a int, b text) SERVER quire;
CALL twin.make('places');
CREATE FUNCTION new_place() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  place tid;
BEGIN
  INSERT INTO places VALUES (6, 6, 'f') RETURNING ctid INTO place;
  UPDATE places SET a = 7 WHERE ctid = place;
  DELETE FROM places WHERE _id = 6 RETURNING ctid INTO place;
  RETURN count(*) FROM places WHERE ctid = place;
END $$;
CALL twin.run($$
  INSERT INTO places VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c'), (4, 2, 'd'), (5, 3, 'e');
  DELETE FROM places WHERE ctid NOT IN (SELECT min(ctid) FROM places GROUP BY a);
  SELECT * FROM places ORDER BY _id;
  UPDATE places SET b = 'hit' WHERE ctid = (SELECT ctid FROM places WHERE _id = 3) RETURNING *;
  DELETE FROM places WHERE ctid = ANY (ARRAY(SELECT ctid FROM places WHERE b = 'hit')) RETURNING *;
  UPDATE places SET a = 9 WHERE tableoid = 'places'::regclass;
  UPDATE places SET a = 10 WHERE tableoid <> 'places'::regclass;
  UPDATE places SET b = tableoid::regclass::text WHERE _id = 5;
  SELECT * FROM places ORDER BY _id;
  SELECT new_place();
  DELETE FROM places WHERE tableoid::regclass::text = 'places';
  SELECT count(*) FROM places;
$$);
-- The same where the rows are held for triggers.
CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER held BEFORE UPDATE ON writing.places FOR EACH ROW EXECUTE FUNCTION pass();
CREATE TRIGGER held BEFORE UPDATE ON writing_twin.places FOR EACH ROW EXECUTE FUNCTION pass();
CALL twin.run($$
  INSERT INTO places VALUES (1, 1, 'a'), (2, 1, 'b');
  UPDATE places SET b = 'hit' WHERE tableoid = 'places'::regclass
    AND ctid = (SELECT ctid FROM places WHERE _id = 2);
  SELECT * FROM places ORDER BY _id;
$$);

TABLE twin.report;
CALL twin.finish('writing');
