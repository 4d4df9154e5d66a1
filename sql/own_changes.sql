-- A statement and what it, its triggers or its transaction has changed already.
\getenv source PG_ABS_SRCDIR
\i :source/sql/twin/harness.sql
CREATE SCHEMA own_changes;
SET search_path = own_changes;
CREATE FOREIGN TABLE d (_id int NOT NULL, n int, s text, _version bigint) SERVER quire;
CREATE FOREIGN TABLE e (_id int NOT NULL, d int, w int) SERVER quire;
CREATE SEQUENCE numbers;
CALL twin.make('d');
CALL twin.make('e');
CALL twin.run($$
  INSERT INTO d SELECT i, i, 'first' FROM generate_series(1, 2000) AS i;
  INSERT INTO e SELECT i, i % 10 + 1, i FROM generate_series(1, 30) AS i;
$$);

-- A table that is read and written by one statement: it does not meet what it wrote.
CALL twin.run($$
  INSERT INTO d SELECT _id + 10000, n, 'copied' FROM d;
  SELECT count(*), sum(n) FROM d;
  INSERT INTO d SELECT a._id * 100 + 100000, b.n, 'of two'
    FROM d a JOIN d b ON b._id = a._id + 1 WHERE a._id < 50;
  UPDATE d SET n = n + 1, s = s || repeat('x', 500);
  SELECT count(*), sum(n), max(length(s)) FROM d;
  UPDATE d SET n = n + 1 WHERE n < 5000;
  SELECT sum(n) FROM d;
  UPDATE d SET n = (SELECT max(n) FROM d) WHERE _id < 10;
  SELECT _id, n FROM d WHERE _id < 10 ORDER BY _id;
  DELETE FROM d WHERE n = (SELECT min(n) FROM d) RETURNING _id;
  DELETE FROM d WHERE _id > 2000;
  UPDATE d SET s = 'first';
$$);

-- Documents that move forward in the scan that reads them: each is moved once.
CALL twin.run($$
  UPDATE d SET _id = _id + 5000;
  SELECT count(*), min(_id), max(_id) FROM d;
  UPDATE d SET _id = _id + 100000 WHERE _id BETWEEN 5500 AND 200000 RETURNING _id, n;
  SELECT count(*), min(_id), max(_id), sum(n) FROM d;
  UPDATE d SET _id = _id - 100000 WHERE _id > 100000;
  UPDATE d SET _id = _id - 5000;
  SELECT * FROM d;
$$);
-- To where a document lies, lay, and lay in this transaction.
CALL twin.fail('23505', $$
  UPDATE d SET _id = 3 WHERE _id = 4;
  UPDATE d SET _id = 2001 - _id;
  UPDATE d SET _id = 5000 WHERE _id < 3;
$$);
BEGIN;
CALL twin.run($$
  DELETE FROM d WHERE _id = 3;
  UPDATE d SET _id = 3 WHERE _id = 4;
  UPDATE d SET _id = 4 WHERE _id = 3;
  INSERT INTO d VALUES (3, 33, 'again');
  SELECT * FROM d WHERE _id < 6;
$$);
ROLLBACK;
CALL twin.run($$ SELECT * FROM d WHERE _id < 6 $$);

-- The same document twice in a statement: the first change counts.
CALL twin.run($$
  UPDATE d SET n = d.n + 1000 FROM e WHERE e.d = d._id;
  SELECT _id, n FROM d WHERE _id <= 10 ORDER BY _id;
  UPDATE d SET n = d.n - 1000 FROM e WHERE e.d = d._id RETURNING d.*;
  DELETE FROM d USING e WHERE e.d = d._id AND d._id > 8 RETURNING d.*;
  SELECT count(*) FROM d;
  UPDATE d SET _id = d._id + 30000 FROM e WHERE e.d = d._id AND d._id = 5;
  UPDATE d SET _id = 5 WHERE _id = 30005;
$$);
-- Twice by the parts of a statement, which see neither each other's changes.
CALL twin.run($$
  WITH a AS (UPDATE d SET n = n + 1 WHERE _id = 1 RETURNING n), b AS (SELECT n FROM d WHERE _id = 1)
    SELECT a.n, b.n FROM a, b;
  WITH a AS (INSERT INTO d VALUES (60000, 1, 'cte') RETURNING _id)
    SELECT count(*) FROM d, a WHERE d._id = a._id;
  WITH a AS (DELETE FROM d WHERE _id = 60000 RETURNING *) INSERT INTO d SELECT _id + 1, n, s FROM a;
  WITH a AS (DELETE FROM d WHERE _id = 60001 RETURNING *) SELECT a.n, d.n FROM a JOIN d USING (_id);
$$);
-- Two parts that insert by turns: each meets the rows of the other.
CALL twin.run($$
  WITH a AS (INSERT INTO d SELECT k, 0, 'a' FROM generate_series(60000, 60009) AS k
             ON CONFLICT DO NOTHING RETURNING _id)
    INSERT INTO d SELECT _id + 1, 1, 'b' FROM a;
  SELECT * FROM d WHERE _id >= 60000 ORDER BY _id;
  DELETE FROM d WHERE _id >= 60000;
$$);

-- ON CONFLICT DO NOTHING within a statement.
CALL twin.run($$
  INSERT INTO d VALUES (1, 0, 'x'), (70000, 0, 'x'), (70000, 1, 'y'), (2, 0, 'x')
    ON CONFLICT DO NOTHING RETURNING *;
  INSERT INTO d SELECT _id, 0, 'x' FROM d ON CONFLICT DO NOTHING;
  DELETE FROM d WHERE _id = 70000;
  SELECT count(*), sum(n) FROM d;
$$);

-- Triggers that change other rows, and the row itself, by statements of their own.
CREATE FUNCTION change_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND pg_trigger_depth() = 1 THEN
    UPDATE d SET n = n + 10000 WHERE _id = new._id + TG_ARGV[0]::int;
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN old ELSE new END;
END $$;
CREATE TRIGGER other BEFORE UPDATE ON own_changes.d
  FOR EACH ROW EXECUTE FUNCTION change_next('100');
CREATE TRIGGER other BEFORE UPDATE ON own_changes_twin.d
  FOR EACH ROW EXECUTE FUNCTION change_next('100');
CALL twin.run($$
  UPDATE d SET n = n + 1 WHERE _id BETWEEN 11 AND 20;
  SELECT _id, n FROM d WHERE n > 9000 ORDER BY _id;
$$);
-- A condition is evaluated once for each row, also where the rows must be held for the triggers.
CREATE SEQUENCE evaluated;
CALL twin.run($$
  SELECT setval('own_changes.evaluated', 1, false);
  UPDATE d SET n = n + 1 WHERE _id BETWEEN 11 AND 20 AND nextval('own_changes.evaluated') > 0;
  SELECT currval('own_changes.evaluated');
$$);
CALL twin.fail('27000', $$
  UPDATE d SET n = n + 1 WHERE _id BETWEEN 1 AND 200;
  UPDATE d SET n = d.n + 1 FROM e WHERE d._id = e._id * 100 AND e._id < 3;
$$);
CALL twin.run($$ SELECT * FROM d ORDER BY _id $$);
DROP TRIGGER other ON own_changes.d;
DROP TRIGGER other ON own_changes_twin.d;
CREATE TRIGGER itself BEFORE UPDATE OR DELETE ON own_changes.d
  FOR EACH ROW EXECUTE FUNCTION change_next('0');
CREATE TRIGGER itself BEFORE UPDATE OR DELETE ON own_changes_twin.d
  FOR EACH ROW EXECUTE FUNCTION change_next('0');
CALL twin.fail('27000', $$ UPDATE d SET n = n + 1 WHERE _id = 11 $$);
CALL twin.run($$
  DELETE FROM d WHERE _id = 11 RETURNING *;
  SELECT count(*) FROM d;
$$);
DROP TRIGGER itself ON own_changes.d;
DROP TRIGGER itself ON own_changes_twin.d;
CREATE TRIGGER itself AFTER UPDATE ON own_changes.d FOR EACH ROW EXECUTE FUNCTION change_next('0');
CREATE TRIGGER itself AFTER UPDATE ON own_changes_twin.d
  FOR EACH ROW EXECUTE FUNCTION change_next('0');
CALL twin.run($$
  UPDATE d SET n = n + 1 WHERE _id IN (12, 13) RETURNING *;
  UPDATE d SET n = n + 1 FROM (VALUES (14), (15), (14)) AS v (i) WHERE _id = i;
  SELECT * FROM d WHERE _id BETWEEN 10 AND 20 ORDER BY _id;
$$);
DROP TRIGGER itself ON own_changes.d;
DROP TRIGGER itself ON own_changes_twin.d;

-- A trigger that lets rows pass by: they are held for the transaction, and not changed.
CREATE FUNCTION only_even() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN
     RETURN CASE WHEN old._id % 2 = 0 THEN CASE TG_OP WHEN ''DELETE'' THEN old ELSE new END END;
   END';
CREATE TRIGGER even BEFORE UPDATE OR DELETE ON own_changes.d
  FOR EACH ROW EXECUTE FUNCTION only_even();
CREATE TRIGGER even BEFORE UPDATE OR DELETE ON own_changes_twin.d
  FOR EACH ROW EXECUTE FUNCTION only_even();
BEGIN;
CALL twin.run($$
  UPDATE d SET n = 0 WHERE _id BETWEEN 20 AND 30 RETURNING _id;
  UPDATE d SET n = 1 WHERE _id BETWEEN 20 AND 30 RETURNING _id;
  DELETE FROM d WHERE _id BETWEEN 25 AND 35 RETURNING *;
$$);
SAVEPOINT s;
CALL twin.run($$
  UPDATE d SET n = 2 WHERE _id BETWEEN 20 AND 40;
  SELECT * FROM d ORDER BY _id;
$$);
ROLLBACK TO s;
CALL twin.run($$ SELECT * FROM d ORDER BY _id $$);
COMMIT;
CALL twin.run($$
  UPDATE d SET n = 3 WHERE _id < 40;
  SELECT * FROM d ORDER BY _id;
$$);
DROP TRIGGER even ON own_changes.d;
DROP TRIGGER even ON own_changes_twin.d;

-- Exception blocks around each kind of change.
CREATE FUNCTION try(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE command;
  RAISE EXCEPTION USING ERRCODE = 'P0002';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
CALL twin.run($$
  SELECT try('INSERT INTO d VALUES (80000, 1, ''x'')'), (SELECT count(*) FROM d);
  SELECT try('INSERT INTO d VALUES (1, 1, ''x'')');
  SELECT try('UPDATE d SET n = 0');
  SELECT try('UPDATE d SET _id = _id + 90000');
  SELECT try('DELETE FROM d');
  SELECT try('TRUNCATE d');
  SELECT * FROM d ORDER BY _id;
$$);

-- TRUNCATE: also of what the transaction itself has written, of several tables, and taken back.
BEGIN;
CALL twin.run($$
  INSERT INTO d VALUES (90000, 1, 'new');
  UPDATE d SET n = 0 WHERE _id = 1;
$$);
SAVEPOINT s;
CALL twin.run($$
  TRUNCATE d, e;
  SELECT count(*) FROM d;
  SELECT count(*) FROM e;
  INSERT INTO d VALUES (1, 1, 'after');
  INSERT INTO d VALUES (90000, 1, 'after');
  TRUNCATE d CASCADE;
  INSERT INTO d VALUES (2, 2, 'after');
  TABLE d;
$$);
ROLLBACK TO s;
CALL twin.run($$
  SELECT * FROM d ORDER BY _id;
  SELECT count(*) FROM e;
$$);
ROLLBACK;
CALL twin.run($$
  SELECT count(*), sum(n) FROM d;
  TRUNCATE e;
  TABLE e;
  TRUNCATE e;
  INSERT INTO e VALUES (1, 1, 1);
  TABLE e;
$$);
-- Not under an open cursor, as for ordinary tables.
CALL twin.fail('55006', $$
  DO 'DECLARE c CURSOR FOR TABLE d; r record; BEGIN OPEN c; FETCH c INTO r; TRUNCATE d; END'
$$);
ALTER SEQUENCE numbers OWNED BY own_changes.e.w;
SELECT nextval('numbers'), nextval('numbers');
TRUNCATE e CONTINUE IDENTITY;
SELECT nextval('numbers');
TRUNCATE e RESTART IDENTITY;
SELECT nextval('numbers');
-- Two tables over one collection; a partition; rights; a transaction that may not write.
CREATE FOREIGN TABLE d2 (_id int NOT NULL, n int) SERVER quire OPTIONS (collection 'd');
TRUNCATE d2, d;
SELECT count(*) FROM d2;
INSERT INTO d2 VALUES (1, 1);
CREATE TABLE p (_id int NOT NULL, n int) PARTITION BY LIST (_id);
ALTER TABLE p ATTACH PARTITION d2 FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
INSERT INTO p VALUES (2, 2);
TRUNCATE p;
SELECT count(*) FROM p;
TRUNCATE ONLY p;
CREATE ROLE quire_regress_truncate;
GRANT USAGE ON SCHEMA own_changes TO quire_regress_truncate;
GRANT SELECT, DELETE ON d TO quire_regress_truncate;
SET ROLE quire_regress_truncate;
TRUNCATE d;
RESET ROLE;
GRANT TRUNCATE ON d TO quire_regress_truncate;
SET ROLE quire_regress_truncate;
TRUNCATE d;
RESET ROLE;
DROP OWNED BY quire_regress_truncate;
DROP ROLE quire_regress_truncate;
BEGIN READ ONLY;
TRUNCATE d;
ROLLBACK;

TABLE twin.report;
CALL twin.finish('own_changes');
