-- What a table promises beside its columns: constraints, generated columns, triggers, partitions.
\getenv source PG_ABS_SRCDIR
\i :source/sql/twin/harness.sql
CREATE SCHEMA tables;
SET search_path = tables;

-- NOT NULL and CHECK look at the row as it is stored.
CREATE FOREIGN TABLE checked (_id int NOT NULL, name text NOT NULL, age int CHECK (age >= 0),
  _doc jsonb CHECK (_doc ? 'kind'), _version bigint CHECK (_version < 3)) SERVER quire;
CALL twin.make('checked');
CALL twin.run($$
  INSERT INTO checked VALUES (1, 'Ada', 36, '{"kind": 1}') RETURNING *;
  INSERT INTO checked (_id, _doc) VALUES (2, '{"kind": 1, "name": "Bob", "age": 5}') RETURNING *;
  INSERT INTO checked (_id, _doc) VALUES (3, '{"kind": 1, "name": "Eve", "age": "none"}')
    RETURNING *;
  UPDATE checked SET _doc = _doc - 'age' WHERE _id = 3 RETURNING *;
$$);
CALL twin.fail('23502', $$
  INSERT INTO checked (_id, _doc) VALUES (4, '{"kind": 1, "age": 5}');
  UPDATE checked SET name = NULL WHERE _id = 1;
  UPDATE checked SET _doc = '{"kind": 2}' WHERE _id = 1;
$$);
CALL twin.fail('23514', $$
  INSERT INTO checked (_id, _doc) VALUES (4, '{"kind": 1, "name": "Eve", "age": -5}');
  INSERT INTO checked (_id, name) VALUES (4, 'Eve');
  UPDATE checked SET age = -age WHERE _id = 1;
  UPDATE checked SET _doc = _doc - 'kind' WHERE _id = 1;
$$);
CALL twin.run($$ UPDATE checked SET age = 37 WHERE _id = 1 RETURNING * $$);
CALL twin.fail('23514', $$ UPDATE checked SET age = 38 WHERE _id = 1 $$);
-- As users see it, and on the way of COPY.
INSERT INTO checked (_id, _doc) VALUES (4, '{"kind": 1, "age": 5}');
UPDATE checked SET _doc = _doc - 'kind' WHERE _id = 1;
COPY checked (_id, _doc) FROM STDIN;
5	{"kind": 1, "name": "Zoe"}
6	{"kind": 1}
\.
CALL twin.run($$ SELECT * FROM checked ORDER BY _id $$);

-- Generated columns are fields like others, computed from the row as it is stored.
CREATE FOREIGN TABLE generated (_id int, a int, b int,
  c int GENERATED ALWAYS AS (a * 10 + b) STORED, _doc jsonb) SERVER quire;
INSERT INTO generated (_id, a, b) VALUES (1, 1, 2) RETURNING *;
INSERT INTO generated (_id, _doc) VALUES (2, '{"a": 3, "b": 4, "c": 0}') RETURNING *;
INSERT INTO generated (_id, b, _doc) VALUES (3, 9, '{"a": 3}') RETURNING *;
UPDATE generated SET b = 5 WHERE _id = 1 RETURNING *;
UPDATE generated SET _doc = '{"a": 7, "b": 7}' WHERE _id = 1 RETURNING *;
UPDATE generated SET _doc = '{"_id": 4, "a": 1, "b": 1}' WHERE _id = 1 RETURNING *;
UPDATE generated SET c = 5;
INSERT INTO generated (_id, c) VALUES (5, 5);

-- Triggers: for each row and each statement, before and after.
CREATE FOREIGN TABLE watched (_id int, name text, n int, _doc jsonb, _version bigint) SERVER quire;
CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_LEVEL = 'ROW' THEN
    RAISE NOTICE '% % old % new %', TG_WHEN, TG_OP,
      CASE WHEN TG_OP <> 'INSERT' THEN OLD::text END,
      CASE WHEN TG_OP <> 'DELETE' THEN NEW::text END;
  ELSE
    RAISE NOTICE '% % statement', TG_WHEN, TG_OP;
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER a BEFORE INSERT OR UPDATE OR DELETE ON watched FOR EACH ROW EXECUTE FUNCTION log();
CREATE TRIGGER b AFTER INSERT OR UPDATE OR DELETE ON watched FOR EACH ROW EXECUTE FUNCTION log();
CREATE TRIGGER c BEFORE INSERT OR UPDATE OR DELETE ON watched EXECUTE FUNCTION log();
CREATE TRIGGER d AFTER INSERT OR UPDATE OR DELETE ON watched EXECUTE FUNCTION log();
INSERT INTO watched (_id, _doc) VALUES (1, '{"name": "Ada"}'), (2, '{"name": "Bob"}');
UPDATE watched SET n = _id;
UPDATE watched SET _doc = '{"name": "Cleo", "x": 1}' WHERE _id = 2;
DELETE FROM watched WHERE _id = 1 RETURNING *;
COPY watched (_id, name) FROM STDIN;
3	copied
\.
DROP TRIGGER a ON watched;
DROP TRIGGER b ON watched;
DROP TRIGGER c ON watched;
DROP TRIGGER d ON watched;

-- A trigger that changes what is written, one that says no, and one that interferes.
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.name = 'skip' THEN
    RETURN NULL;
  ELSIF NEW.name = 'double' THEN
    NEW.n = NEW.n * 2;
  ELSIF NEW.name = 'document' THEN
    NEW._doc = '{"made": "by trigger"}';
  ELSIF NEW.name = 'interfere' AND TG_OP = 'UPDATE' THEN
    UPDATE watched SET n = 1000 WHERE _id = NEW._id AND name <> 'interfere';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER a BEFORE INSERT OR UPDATE ON watched FOR EACH ROW EXECUTE FUNCTION meddle();
INSERT INTO watched VALUES (10, 'skip', 1), (11, 'double', 21), (12, 'document', 5) RETURNING *;
UPDATE watched SET name = 'double', n = 4 WHERE _id = 3 RETURNING *;
UPDATE watched SET name = 'double' WHERE _id = 11 RETURNING *;
UPDATE watched SET name = 'document' WHERE _id = 11 RETURNING *;
UPDATE watched SET name = 'skip' WHERE _id = 11 RETURNING *;
UPDATE watched SET name = 'interfere' WHERE _id = 11;
UPDATE watched SET name = 'skip', n = 7;
SELECT _id, _doc FROM watched ORDER BY _id;
DROP TRIGGER a ON watched;

-- An AFTER trigger keeps a heap table in step.
CREATE TABLE mirror (_id int PRIMARY KEY, document jsonb);
CREATE FUNCTION keep_mirror() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    DELETE FROM mirror WHERE _id = OLD._id;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO mirror VALUES (NEW._id, NEW._doc);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER m AFTER INSERT OR UPDATE OR DELETE ON watched
  FOR EACH ROW EXECUTE FUNCTION keep_mirror();
DELETE FROM watched;
INSERT INTO watched (_id, name, n) SELECT i, 'n' || i, i FROM generate_series(1, 50) AS i;
UPDATE watched SET name = name || '!' WHERE _id % 2 = 0;
UPDATE watched SET _id = _id + 100, n = NULL WHERE _id % 5 = 0;
DELETE FROM watched WHERE _id % 3 = 0;
(SELECT _id, _doc FROM watched EXCEPT TABLE mirror)
  UNION ALL (TABLE mirror EXCEPT SELECT _id, _doc FROM watched);
SELECT count(*) FROM mirror;

-- Partitions: heap tables and collections under one parent, beside one heap table.
CREATE TABLE parted (_id int NOT NULL, name text, n int) PARTITION BY RANGE (_id);
CREATE FOREIGN TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (100) SERVER quire;
CREATE TABLE parted_middle PARTITION OF parted FOR VALUES FROM (100) TO (200);
CREATE FOREIGN TABLE parted_high (n int, _id int NOT NULL, name text) SERVER quire;
ALTER TABLE parted ATTACH PARTITION parted_high FOR VALUES FROM (200) TO (300);
CREATE TABLE tables_twin.parted (_id int PRIMARY KEY, name text, n int);
CALL twin.run($$
  INSERT INTO parted SELECT i, 'n' || i, i FROM generate_series(1, 299, 2) AS i;
  INSERT INTO parted VALUES (2, 'two', 2), (102, 'x', 102), (202, 'y', 202) RETURNING *;
  SELECT count(*), sum(n) FROM parted;
  SELECT * FROM parted WHERE _id IN (2, 102, 204) ORDER BY _id;
  UPDATE parted SET n = -n WHERE _id IN (2, 102, 202) RETURNING *;
  UPDATE parted SET name = 'all' WHERE n < 0 RETURNING *;
  DELETE FROM parted WHERE n < 0 RETURNING *;
  UPDATE parted SET _id = 250 WHERE _id = 151 RETURNING *;
  SELECT * FROM parted ORDER BY _id;
$$);
CALL twin.fail('23505', $$ INSERT INTO parted VALUES (3, 'three again', 3) $$);
COPY parted FROM STDIN;
4	four	4
204	two hundred and four	204
\.
SELECT tableoid::regclass, count(*), sum(n) FROM parted
  GROUP BY tableoid ORDER BY tableoid::regclass::text;
EXPLAIN (COSTS OFF) SELECT * FROM parted WHERE _id = 204;
EXPLAIN (COSTS OFF) UPDATE parted SET n = -n WHERE name = 'two';
-- From a heap partition into a collection; not out of one, and not past its bounds.
UPDATE parted SET _id = 8 WHERE _id = 153 RETURNING tableoid::regclass, *;
UPDATE parted SET _id = 150 WHERE _id = 1;
INSERT INTO parted_low VALUES (500, 'out of bounds', 1);
UPDATE parted_low SET _id = 500 WHERE _id = 1;
SELECT count(*), sum(_id) FROM parted;

-- Inheritance.
CREATE TABLE base (_id int, name text);
CREATE FOREIGN TABLE derived (more int) INHERITS (base) SERVER quire;
INSERT INTO base VALUES (1, 'heap');
INSERT INTO derived VALUES (2, 'collection', 7);
SELECT tableoid::regclass, * FROM base ORDER BY _id;
UPDATE base SET name = upper(name) RETURNING tableoid::regclass, *;
DELETE FROM base WHERE _id = 2;
SELECT * FROM base;

-- RETURNING of everything there is.
INSERT INTO watched (_id, name) VALUES (500, 'r') RETURNING watched, tableoid::regclass, _id + 1;
UPDATE watched SET n = 1 WHERE _id = 500 RETURNING watched, tableoid::regclass, n + 1;
DELETE FROM watched WHERE _id = 500 RETURNING watched, tableoid::regclass, n + 1;
DROP TRIGGER m ON watched;
INSERT INTO watched (_id, name) VALUES (500, 'r') RETURNING watched, tableoid::regclass, _id + 1;
UPDATE watched SET n = 1 WHERE _id = 500 RETURNING watched, tableoid::regclass, n + 1;
UPDATE watched SET n = 2 FROM mirror m WHERE watched._id = 500 AND m._id = 1
  RETURNING watched, m._id, n + 1;
DELETE FROM watched WHERE _id = 500 RETURNING watched, tableoid::regclass, n + 1;

-- Temporary tables may show a collection that stays, and have none of their own.
CREATE FOREIGN TABLE pg_temp.brief (_id int NOT NULL) SERVER quire;
CREATE FOREIGN TABLE pg_temp.brief (_id int NOT NULL, name text) SERVER quire
  OPTIONS (namespace 'tables', collection 'brief');
INSERT INTO brief VALUES (1, 'stays');
DROP FOREIGN TABLE brief;
SELECT quire.drop_collection('tables', 'brief');

TABLE twin.report;
CALL twin.finish('tables');
