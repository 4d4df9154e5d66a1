-- Who owns collections: whoever made them, until they pass to another role as the server's own
-- objects do. No twin: a heap table has one owner, and a collection may have several tables.
SET client_min_messages = warning;
DROP ROLE IF EXISTS quire_regress_ann, quire_regress_bob, quire_regress_team;
RESET client_min_messages;
CREATE ROLE quire_regress_ann;
CREATE ROLE quire_regress_bob;
CREATE ROLE quire_regress_team;
GRANT USAGE ON FOREIGN SERVER quire TO quire_regress_ann, quire_regress_bob, quire_regress_team;
CREATE SCHEMA owners;
GRANT ALL ON SCHEMA owners TO PUBLIC;
SET search_path = owners;
CREATE VIEW mine AS SELECT collection, owner, tables FROM quire.collections
  WHERE namespace = 'owners' ORDER BY 1;
GRANT SELECT ON mine TO PUBLIC;

SET ROLE quire_regress_ann;
CREATE FOREIGN TABLE a (_id int, n int) SERVER quire;
INSERT INTO a VALUES (1, 1);
SET ROLE quire_regress_bob;
-- A declaration over another's collection: not by CREATE, not by ALTER, not by a rename.
CREATE FOREIGN TABLE b (_id int, n int) SERVER quire OPTIONS (collection 'a');
CREATE FOREIGN TABLE b (_id int, n int) SERVER quire;
ALTER FOREIGN TABLE b OPTIONS (ADD collection 'a');
BEGIN;
ALTER FOREIGN TABLE b RENAME TO c;
ALTER FOREIGN TABLE c OPTIONS (SET collection 'a');
ROLLBACK;
SELECT quire.drop_collection('a');
SELECT quire.drop_collection('owners', 'a');
TABLE mine;

-- Members share; what they lose with the membership they lose at once.
RESET ROLE;
GRANT quire_regress_ann TO quire_regress_bob;
SET ROLE quire_regress_bob;
ALTER FOREIGN TABLE b OPTIONS (ADD collection 'a');
SELECT * FROM b;
PREPARE by_key AS SELECT n FROM b WHERE _id = 1;
EXECUTE by_key;
RESET ROLE;
REVOKE quire_regress_ann FROM quire_regress_bob;
SET ROLE quire_regress_bob;
EXECUTE by_key;
SELECT quire.get('b', 1);
INSERT INTO b VALUES (2, 2);
ALTER FOREIGN TABLE b ADD COLUMN m int;
SELECT * FROM b;
DROP FOREIGN TABLE b;

-- A dropped collection whose table is still there leads to nobody else's.
CREATE FOREIGN TABLE b (_id int, n int) SERVER quire OPTIONS (collection 'later');
SELECT quire.drop_collection('b');
SET ROLE quire_regress_ann;
CREATE FOREIGN TABLE later (_id int, n int) SERVER quire;
INSERT INTO later VALUES (1, 1);
SET ROLE quire_regress_bob;
SELECT * FROM b;
DROP FOREIGN TABLE b;

-- A superuser is told whose collection it is.
RESET ROLE;
CREATE FOREIGN TABLE su (_id int, n int) SERVER quire OPTIONS (collection 'a');
SELECT * FROM su;
DROP FOREIGN TABLE su;
-- A table that a superuser points elsewhere must still be its owner's to use.
GRANT CREATE ON SCHEMA owners TO quire_regress_bob;
SET ROLE quire_regress_bob;
CREATE FOREIGN TABLE b (_id int, n int) SERVER quire;
RESET ROLE;
ALTER FOREIGN TABLE b OPTIONS (ADD collection 'a');
ALTER FOREIGN TABLE b OPTIONS (ADD collection 'made for bob');
TABLE mine;

-- When its tables pass to another role, the collection goes along.
ALTER FOREIGN TABLE a OWNER TO quire_regress_team;
TABLE mine;
SET ROLE quire_regress_team;
SELECT * FROM a;
RESET ROLE;
-- But not when a table would stay behind.
CREATE FOREIGN TABLE a2 (_id int, n int) SERVER quire OPTIONS (collection 'a');
ALTER FOREIGN TABLE a2 OWNER TO quire_regress_team;
ALTER FOREIGN TABLE a2 OWNER TO quire_regress_bob;
GRANT quire_regress_team TO quire_regress_bob;
ALTER FOREIGN TABLE a2 OWNER TO quire_regress_bob;
TABLE mine;
SET ROLE quire_regress_bob;
SELECT * FROM a2;
RESET ROLE;
REVOKE quire_regress_team FROM quire_regress_bob;

-- Roles that go.
DROP ROLE quire_regress_ann;
REASSIGN OWNED BY quire_regress_ann, quire_regress_team TO quire_regress_bob;
TABLE mine;
SET ROLE quire_regress_bob;
SELECT * FROM a;
SELECT * FROM later;
RESET ROLE;
DROP FOREIGN TABLE later;
DROP OWNED BY quire_regress_ann, quire_regress_team;
DROP ROLE quire_regress_ann, quire_regress_team;
DROP ROLE quire_regress_bob;
DROP OWNED BY quire_regress_bob;
TABLE mine;
DROP ROLE quire_regress_bob;

-- A role that was dropped in another database leaves its number.
CREATE ROLE quire_regress_ann;
GRANT USAGE ON FOREIGN SERVER quire TO quire_regress_ann;
SET ROLE quire_regress_ann;
CREATE FOREIGN TABLE a (_id int, n int) SERVER quire;
RESET ROLE;
DROP FOREIGN TABLE a;
REVOKE USAGE ON FOREIGN SERVER quire FROM quire_regress_ann;
\set first :DBNAME
\c template1
DROP ROLE quire_regress_ann;
\c :first
SELECT collection, owner ~ '^unknown \(OID=\d+\)$' AS unknown, tables FROM owners.mine;
SELECT quire.drop_collection('owners', 'a');

SET client_min_messages = warning;
DROP SCHEMA owners CASCADE;
