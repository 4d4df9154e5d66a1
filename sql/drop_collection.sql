-- Dropping a collection: its owner's, transactional, and its tables have none afterwards. No twin:
-- a heap table and its rows are dropped together.
CREATE SCHEMA dropping;
SET search_path = dropping;
CREATE VIEW mine AS
  SELECT collection, tables, documents FROM quire.collections WHERE namespace = 'dropping';
CREATE FOREIGN TABLE d (_id int, n int) SERVER quire;
CREATE FOREIGN TABLE second (_id int, m int OPTIONS (path 'n')) SERVER quire
  OPTIONS (collection 'd');
INSERT INTO d SELECT i, i FROM generate_series(1, 3000) AS i;

-- Within its transaction it is gone, the name is free, and a rollback brings it back.
BEGIN;
UPDATE d SET n = 0 WHERE _id = 1;
SELECT quire.drop_collection('d');
TABLE mine;
SAVEPOINT s;
SELECT count(*) FROM second;
ROLLBACK TO s;
INSERT INTO d VALUES (0, 0);
ROLLBACK TO s;
SELECT quire.get('d', 1);
ROLLBACK TO s;
CREATE FOREIGN TABLE other (_id text) SERVER quire OPTIONS (collection 'd');
INSERT INTO other VALUES ('x');
SELECT * FROM other;
ROLLBACK;
SELECT count(*), sum(m) FROM second;
BEGIN;
SAVEPOINT s;
SELECT quire.drop_collection('dropping', 'd');
ROLLBACK TO s;
UPDATE d SET n = 0 WHERE _id = 2;
COMMIT;
SELECT count(*), sum(m) FROM second;

-- Not while the session itself reads it.
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM d;
FETCH c;
SELECT quire.drop_collection('d');
ROLLBACK;
SELECT quire.drop_collection('d') FROM second;
BEGIN READ ONLY;
SELECT quire.drop_collection('d');
ROLLBACK;
BEGIN;
SELECT quire.drop_collection('d');
PREPARE TRANSACTION 'quire_drop';

-- Prepared statements notice.
PREPARE by_key(int) AS SELECT m FROM second WHERE _id = $1;
EXECUTE by_key(3);
SELECT quire.drop_collection('d');
EXECUTE by_key(3);
SELECT * FROM d;
SELECT quire.drop_collection('d');
SELECT quire.drop_collection('dropping', 'd');
SELECT quire.drop_collection('dropping', repeat('d', 100));
SELECT quire.drop_collection(0);
SELECT quire.drop_collection('mine');
SELECT quire.drop_collection(NULL, 'd') IS NULL;

-- A new collection of that name is a new one; tables that go with it find it.
CREATE FOREIGN TABLE third (_id int, n int) SERVER quire OPTIONS (collection 'd');
TABLE mine;
SELECT count(*) FROM d;
INSERT INTO second VALUES (1, 10);
EXECUTE by_key(1);
SELECT * FROM third;

-- One that has no table any more, and one to which nothing was ever written.
DROP FOREIGN TABLE d, second, third;
TABLE mine;
SELECT quire.drop_collection('dropping', 'd');
CREATE FOREIGN TABLE unwritten (_id int) SERVER quire;
SELECT quire.drop_collection('unwritten');
TABLE mine;
DROP FOREIGN TABLE unwritten;

-- Many, one after the other, in transactions of every kind.
DO $$
BEGIN
  FOR i IN 1 .. 20 LOOP
    EXECUTE format('CREATE FOREIGN TABLE many (_id int, n int) SERVER quire'
                   ' OPTIONS (collection %L)', 'many' || i % 3);
    EXECUTE 'INSERT INTO many SELECT i, i FROM generate_series(1, 2000) AS i';
    EXECUTE 'UPDATE many SET n = n + 1 WHERE _id % 7 = 0';
    EXECUTE 'DELETE FROM many WHERE _id % 5 = 0';
    ASSERT (SELECT count(*) = 1600 FROM many);
    BEGIN
      PERFORM quire.drop_collection('many');
      IF i % 2 = 0 THEN RAISE EXCEPTION 'taken back'; END IF;
    EXCEPTION WHEN raise_exception THEN
      ASSERT (SELECT count(*) = 1600 FROM many);
      PERFORM quire.drop_collection('dropping', 'many' || i % 3);
    END;
    EXECUTE 'DROP FOREIGN TABLE many';
    IF i % 3 = 0 THEN COMMIT; END IF;
  END LOOP;
END $$;
TABLE mine;

SET client_min_messages = warning;
DROP SCHEMA dropping CASCADE;
