-- Documents and heap rows in one transaction: together or not at all.
CREATE SCHEMA transactions;
SET search_path = transactions;
CREATE FOREIGN TABLE d (_id int, n int, s text) SERVER quire;
CREATE TABLE h (_id int PRIMARY KEY, n int, s text);
-- What differs between the two; empty whenever all is well.
CREATE VIEW difference AS
  (TABLE d EXCEPT ALL TABLE h) UNION ALL (TABLE h EXCEPT ALL TABLE d);

-- Does the same to both.
CREATE FUNCTION twice(command text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE replace(command, '%', 'd');
  EXECUTE replace(command, '%', 'h');
END $$;

SELECT twice('INSERT INTO % SELECT i, i, ''first'' FROM generate_series(1, 20) AS i');
TABLE difference;

-- A whole transaction is taken back.
BEGIN;
SELECT twice('INSERT INTO % VALUES (100, 1, ''gone'')');
SELECT twice('UPDATE % SET n = n + 1 WHERE _id <= 5');
SELECT twice('DELETE FROM % WHERE _id > 15');
SELECT count(*), sum(n) FROM d;
TABLE difference;
ROLLBACK;
SELECT count(*), sum(n) FROM d;
TABLE difference;

-- Savepoints, nested; one and the same document changed at each level.
BEGIN;
SELECT twice('UPDATE % SET s = ''level 0'' WHERE _id = 1');
SAVEPOINT a;
SELECT twice('UPDATE % SET s = ''level 1'', n = 50 WHERE _id = 1');
SELECT twice('DELETE FROM % WHERE _id = 2');
SELECT twice('INSERT INTO % VALUES (200, 1, ''level 1'')');
SAVEPOINT b;
SELECT twice('UPDATE % SET s = ''level 2'' WHERE _id IN (1, 200)');
SELECT twice('INSERT INTO % VALUES (2, 2, ''again'')');
SELECT s FROM d WHERE _id IN (1, 2, 200) ORDER BY _id;
ROLLBACK TO b;
SELECT s FROM d WHERE _id IN (1, 2, 200) ORDER BY _id;
TABLE difference;
SELECT twice('UPDATE % SET s = s || '' again'' WHERE _id IN (1, 200)');
RELEASE b;
ROLLBACK TO a;
SELECT s FROM d WHERE _id IN (1, 2, 200) ORDER BY _id;
SELECT twice('INSERT INTO % VALUES (200, 2, ''after all'')');
RELEASE a;
COMMIT;
SELECT * FROM d WHERE _id IN (1, 2, 200) ORDER BY _id;
TABLE difference;

-- Every block with an exception handler is a savepoint.
DO $$
BEGIN
  FOR i IN 1 .. 10 LOOP
    BEGIN
      PERFORM twice(format('UPDATE %% SET n = n * 2 WHERE _id = %s', i));
      IF i % 3 = 0 THEN
        RAISE EXCEPTION 'every third';
      END IF;
    EXCEPTION WHEN raise_exception THEN
      PERFORM twice(format('UPDATE %% SET s = ''caught'' WHERE _id = %s', i));
    END;
  END LOOP;
END $$;
SELECT _id, n, s FROM d WHERE _id <= 10 ORDER BY _id;
TABLE difference;
-- A statement that fails takes back what it did before it failed.
INSERT INTO d VALUES (300, 1, 'x'), (301, 1, 'x'), (1, 1, 'duplicate');
UPDATE d SET n = 10 / (n - 17);
SELECT count(*) FROM d WHERE _id >= 300;
TABLE difference;
BEGIN;
SELECT twice('UPDATE % SET s = ''before the error''');
INSERT INTO d VALUES (1, 1, 'duplicate');
SELECT 1;
COMMIT;
TABLE difference;
SELECT count(*) FROM d WHERE s = 'before the error';

-- A transaction that is longer than a session's buffer.
BEGIN;
SELECT twice('INSERT INTO % SELECT i, i, repeat(''x'', 100) FROM generate_series(1000, 8000) AS i');
SAVEPOINT c;
SELECT twice('DELETE FROM % WHERE _id BETWEEN 2000 AND 6000');
ROLLBACK TO c;
SELECT twice('UPDATE % SET n = -n WHERE _id >= 7000');
SELECT count(*) FROM difference;
ROLLBACK;
SELECT count(*) FROM d WHERE _id >= 1000;
BEGIN;
SELECT twice('INSERT INTO % SELECT i, i, repeat(''x'', 100) FROM generate_series(1000, 8000) AS i');
SELECT twice('DELETE FROM % WHERE _id BETWEEN 2000 AND 6000');
COMMIT;
SELECT count(*), sum(n) FROM d;
SELECT count(*) FROM difference;
SELECT twice('DELETE FROM % WHERE _id >= 1000');

-- A cursor goes on seeing what it saw.
BEGIN;
DECLARE early CURSOR FOR SELECT _id, s FROM d WHERE _id <= 3 ORDER BY _id;
DECLARE unsorted CURSOR FOR SELECT count(*) FROM d;
DECLARE kept CURSOR WITH HOLD FOR SELECT _id, s FROM d WHERE _id = ANY ('{1,2,3}') ORDER BY 1;
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
UPDATE d SET s = 'after the cursor' WHERE _id = 2;
COMMIT;
FETCH ALL kept;
CLOSE kept;
UPDATE h SET s = 'after the cursor' WHERE _id = 2;
TABLE difference;

-- Stable functions see the statement's snapshot, volatile ones their own.
CREATE FUNCTION stable_count() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT count(*) FROM d';
CREATE FUNCTION volatile_count() RETURNS bigint VOLATILE LANGUAGE plpgsql AS
  'BEGIN RETURN (SELECT count(*) FROM d); END';
BEGIN;
INSERT INTO d SELECT 500 + i, stable_count() FROM generate_series(1, 3) AS i;
INSERT INTO d SELECT 600 + i, volatile_count() FROM generate_series(1, 3) AS i;
SELECT _id, n FROM d WHERE _id > 500 ORDER BY _id;
ROLLBACK;

-- REPEATABLE READ, alone.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM d;
INSERT INTO d VALUES (700, 0, 'x');
SELECT count(*) FROM d;
UPDATE d SET s = 'y' WHERE _id = 700 RETURNING *;
DELETE FROM d WHERE _id = 700;
SELECT count(*) FROM d;
INSERT INTO d VALUES (1, 0, 'x'), (701, 0, 'x'), (701, 0, 'x') ON CONFLICT DO NOTHING;
ROLLBACK;

-- Deleted and inserted again, in one transaction and in many.
BEGIN;
SELECT twice('DELETE FROM % WHERE _id = 1');
SELECT twice('INSERT INTO % VALUES (1, 1, ''a'')');
SELECT twice('UPDATE % SET s = s || ''b'' WHERE _id = 1');
SELECT twice('DELETE FROM % WHERE _id = 1');
SELECT twice('INSERT INTO % VALUES (1, 1, ''c'')');
COMMIT;
SELECT * FROM d WHERE _id = 1;
TABLE difference;

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

SET client_min_messages = warning;
DROP SCHEMA transactions CASCADE;
