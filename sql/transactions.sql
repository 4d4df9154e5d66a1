-- Documents and ordinary rows in one transaction: together or not at all.
\getenv source PG_ABS_SRCDIR
\i :source/sql/twin/harness.sql
CREATE SCHEMA transactions;
SET search_path = transactions;
CREATE FOREIGN TABLE d (_id int, n int, s text) SERVER quire;
CALL twin.make('d');

CALL twin.run($$ INSERT INTO d SELECT i, i, 'first' FROM generate_series(1, 20) AS i; $$);

-- A whole transaction is taken back.
BEGIN;
CALL twin.run($$
  INSERT INTO d VALUES (100, 1, 'gone');
  UPDATE d SET n = n + 1 WHERE _id <= 5;
  DELETE FROM d WHERE _id > 15;
  TABLE d;
$$);
ROLLBACK;
CALL twin.run($$ TABLE d $$);

-- Savepoints, nested; one and the same document changed at each level.
BEGIN;
CALL twin.run($$ UPDATE d SET s = 'level 0' WHERE _id = 1 $$);
SAVEPOINT a;
CALL twin.run($$
  UPDATE d SET s = 'level 1', n = 50 WHERE _id = 1;
  DELETE FROM d WHERE _id = 2;
  INSERT INTO d VALUES (200, 1, 'level 1');
$$);
SAVEPOINT b;
CALL twin.run($$
  UPDATE d SET s = 'level 2' WHERE _id IN (1, 200);
  INSERT INTO d VALUES (2, 2, 'again');
  SELECT s FROM d WHERE _id IN (1, 2, 200) ORDER BY _id;
$$);
ROLLBACK TO b;
CALL twin.run($$
  SELECT s FROM d WHERE _id IN (1, 2, 200) ORDER BY _id;
  TABLE d;
  UPDATE d SET s = s || ' again' WHERE _id IN (1, 200);
$$);
RELEASE b;
ROLLBACK TO a;
CALL twin.run($$
  SELECT s FROM d WHERE _id IN (1, 2, 200) ORDER BY _id;
  INSERT INTO d VALUES (200, 2, 'after all');
$$);
RELEASE a;
COMMIT;
CALL twin.run($$ TABLE d $$);
SELECT * FROM d WHERE _id IN (1, 2, 200) ORDER BY _id;

-- Every block with an exception handler is a savepoint.
CREATE FUNCTION exceptions() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. 10 LOOP
    BEGIN
      UPDATE d SET n = n * 2 WHERE _id = i;
      IF i % 3 = 0 THEN
        RAISE EXCEPTION 'every third';
      END IF;
    EXCEPTION WHEN raise_exception THEN
      UPDATE d SET s = 'caught' WHERE _id = i;
    END;
  END LOOP;
END $$;
CALL twin.run($$
  SELECT exceptions();
  SELECT * FROM d ORDER BY _id;
$$);
SELECT string_agg(n::text, ' ' ORDER BY _id) AS n, count(*) FILTER (WHERE s = 'caught') AS caught
  FROM d WHERE _id <= 10;
-- A statement that fails takes back what it did before it failed.
CALL twin.fail('23505', $$ INSERT INTO d VALUES (300, 1, 'x'), (301, 1, 'x'), (1, 1, 'twice') $$);
CALL twin.fail('22012', $$ UPDATE d SET n = 10 / (n - 17) $$);
CALL twin.run($$ TABLE d $$);
BEGIN;
CALL twin.run($$ UPDATE d SET s = 'before the error' $$);
INSERT INTO d VALUES (1, 1, 'duplicate');
SELECT 1;
COMMIT;
CALL twin.run($$
  TABLE d;
  SELECT count(*) FROM d WHERE s = 'before the error';
$$);

-- A transaction that is longer than a session's buffer.
BEGIN;
CALL twin.run($$
  INSERT INTO d SELECT i, i, repeat('x', 100) FROM generate_series(1000, 8000) AS i;
$$);
SAVEPOINT c;
CALL twin.run($$ DELETE FROM d WHERE _id BETWEEN 2000 AND 6000 $$);
ROLLBACK TO c;
CALL twin.run($$
  UPDATE d SET n = -n WHERE _id >= 7000;
  SELECT count(*), sum(n), sum(_id) FROM d;
$$);
ROLLBACK;
CALL twin.run($$ SELECT count(*) FROM d WHERE _id >= 1000 $$);
BEGIN;
CALL twin.run($$
  INSERT INTO d SELECT i, i, repeat('x', 100) FROM generate_series(1000, 8000) AS i;
  DELETE FROM d WHERE _id BETWEEN 2000 AND 6000;
$$);
COMMIT;
CALL twin.run($$
  SELECT * FROM d ORDER BY _id;
  SELECT count(*), sum(n) FROM d;
  DELETE FROM d WHERE _id >= 1000;
  TABLE d;
$$);

-- A cursor goes on seeing what it saw.
BEGIN;
DECLARE early CURSOR FOR SELECT _id, s FROM d WHERE _id <= 3 ORDER BY _id;
DECLARE unsorted CURSOR FOR SELECT count(*) FROM d;
FETCH early;
UPDATE d SET s = 'after the cursor';
DELETE FROM d WHERE _id = 3;
INSERT INTO d VALUES (0, 0, 'new');
DECLARE late CURSOR FOR SELECT _id, s FROM d WHERE _id <= 3 ORDER BY _id;
FETCH ALL early;
FETCH ALL unsorted;
FETCH ALL late;
UPDATE d SET n = 0 WHERE CURRENT OF late;
ROLLBACK;
BEGIN;
DECLARE kept CURSOR WITH HOLD FOR SELECT _id, s FROM d WHERE _id = ANY ('{1,2,3}') ORDER BY 1;
CALL twin.run($$ UPDATE d SET s = 'after the cursor' WHERE _id = 2 $$);
COMMIT;
FETCH ALL kept;
CLOSE kept;

-- Stable functions see the statement's snapshot, volatile ones their own.
CREATE FUNCTION stable_count() RETURNS bigint STABLE LANGUAGE plpgsql AS
  'BEGIN RETURN (SELECT count(*) FROM d); END';
CREATE FUNCTION volatile_count() RETURNS bigint VOLATILE LANGUAGE plpgsql AS
  'BEGIN RETURN (SELECT count(*) FROM d); END';
BEGIN;
CALL twin.run($$
  INSERT INTO d SELECT 500 + i, stable_count() FROM generate_series(1, 3) AS i;
  INSERT INTO d SELECT 600 + i, volatile_count() FROM generate_series(1, 3) AS i;
  SELECT _id, n FROM d WHERE _id > 500 ORDER BY _id;
$$);
SELECT string_agg(n::text, ' ' ORDER BY _id) FROM d WHERE _id > 500;
ROLLBACK;

-- REPEATABLE READ, alone.
BEGIN ISOLATION LEVEL REPEATABLE READ;
CALL twin.run($$
  SELECT count(*) FROM d;
  INSERT INTO d VALUES (700, 0, 'x');
  SELECT count(*) FROM d;
  UPDATE d SET s = 'y' WHERE _id = 700 RETURNING *;
  DELETE FROM d WHERE _id = 700;
  INSERT INTO d VALUES (1, 0, 'x'), (701, 0, 'x'), (701, 0, 'x') ON CONFLICT DO NOTHING;
  TABLE d;
$$);
ROLLBACK;

-- Deleted and inserted again, in one transaction and in many.
BEGIN;
CALL twin.run($$
  DELETE FROM d WHERE _id = 1;
  INSERT INTO d VALUES (1, 1, 'a');
  UPDATE d SET s = s || 'b' WHERE _id = 1;
  DELETE FROM d WHERE _id = 1;
  INSERT INTO d VALUES (1, 1, 'c');
$$);
COMMIT;
CALL twin.run($$ TABLE d $$);

-- DDL with it: the collection comes and goes with its transaction.
BEGIN;
CREATE FOREIGN TABLE short_lived (_id int, n int) SERVER quire;
INSERT INTO short_lived SELECT i, i FROM generate_series(1, 5) AS i;
SELECT sum(n) FROM short_lived;
SAVEPOINT s;
ALTER FOREIGN TABLE short_lived ADD COLUMN m int;
UPDATE short_lived SET m = n;
SELECT sum(m) FROM short_lived;
ROLLBACK TO s;
SELECT * FROM short_lived WHERE _id = 1;
ROLLBACK;
CREATE FOREIGN TABLE short_lived (_id int, n int) SERVER quire;
SELECT * FROM short_lived;

-- Temporary files and other sessions' snapshots aside, a prepared transaction would need more.
BEGIN;
INSERT INTO d VALUES (800, 0, 'x');
PREPARE TRANSACTION 'quire_regress';
SELECT count(*) FROM d WHERE _id = 800;

TABLE twin.report;
CALL twin.finish('transactions');
