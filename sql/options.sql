-- What may be said about tables and columns, and what is refused. No twin: heap tables have none of
-- these options.
CREATE SCHEMA options;
SET search_path = options;

CREATE FOREIGN TABLE plain (_id text NOT NULL, name text) SERVER quire;
CREATE FOREIGN TABLE named (_id text) SERVER quire
  OPTIONS (collection 'plain', namespace 'options', strict 'true');
INSERT INTO plain VALUES ('a', 'Ada');
SELECT * FROM named;
SELECT namespace, collection, owner, tables, key_type FROM quire.collections
  WHERE namespace = 'options';

-- Options are checked one by one …
CREATE FOREIGN TABLE bad (_id text) SERVER quire OPTIONS (colection 'x');
CREATE FOREIGN TABLE bad (_id text) SERVER quire OPTIONS (collection '');
CREATE FOREIGN TABLE bad (_id text) SERVER quire
  OPTIONS (namespace 'this name is far longer than the sixty-three bytes that a name may have');
CREATE FOREIGN TABLE bad (_id text) SERVER quire OPTIONS (strict 'perhaps');
CREATE FOREIGN TABLE bad (_id text, a int OPTIONS (pat 'b')) SERVER quire;
CREATE FOREIGN TABLE bad (_id text, a int OPTIONS (path '')) SERVER quire;
CREATE FOREIGN TABLE bad (_id text, a int OPTIONS (path 'b..c')) SERVER quire;
CREATE FOREIGN TABLE bad (_id text, a int OPTIONS (path '"b')) SERVER quire;
ALTER SERVER quire OPTIONS (ADD host 'x');
-- … and with the whole table in view.
CREATE FOREIGN TABLE bad (a int) SERVER quire;
CREATE FOREIGN TABLE bad () SERVER quire;
CREATE FOREIGN TABLE bad (_id text, a int, b int OPTIONS (path 'a')) SERVER quire;
CREATE FOREIGN TABLE bad (_id text, k text OPTIONS (path '_id')) SERVER quire;
CREATE FOREIGN TABLE bad (_id text, _other int) SERVER quire;
CREATE FOREIGN TABLE bad (_id text, x int OPTIONS (path '_doc.x')) SERVER quire;
CREATE FOREIGN TABLE bad (_id text, _doc text) SERVER quire;
CREATE FOREIGN TABLE bad (_id text, _version int) SERVER quire;
CREATE FOREIGN TABLE bad (_id text, _modified timestamp) SERVER quire;
CREATE FOREIGN TABLE bad (_id text, a int, _version bigint GENERATED ALWAYS AS (1) STORED)
  SERVER quire;
-- Names that begin with an underscore are fine with a path.
CREATE FOREIGN TABLE fine (_id text, _other int OPTIONS (path '_other'),
  doc json OPTIONS (path '_doc'), v bigint OPTIONS (path '_version'),
  "a.b" int, deep int OPTIONS (path '"a.b".c."d""e"')) SERVER quire;
INSERT INTO fine (_id, _other, "a.b") VALUES ('x', 1, 2) RETURNING doc, v;
INSERT INTO fine (_id, deep) VALUES ('y', 3) RETURNING doc, v;

-- Types of columns.
CREATE FOREIGN TABLE bad (_id text, a point) SERVER quire;
CREATE FOREIGN TABLE bad (_id text, a interval) SERVER quire;
CREATE FOREIGN TABLE bad (_id text, a int2vector) SERVER quire;
CREATE TYPE pair AS (a int, b int);
CREATE FOREIGN TABLE bad (_id text, a pair) SERVER quire;
CREATE FOREIGN TABLE bad (_id text, a money[]) SERVER quire;
-- Types of keys.
CREATE FOREIGN TABLE bad (_id numeric) SERVER quire;
CREATE FOREIGN TABLE bad (_id varchar(10)) SERVER quire;
CREATE FOREIGN TABLE bad (_id text[]) SERVER quire;
CREATE FOREIGN TABLE bad (_id int) SERVER quire OPTIONS (collection 'plain');
-- Nothing of all that is left behind.
SELECT namespace, collection, tables, key_type FROM quire.collections
  WHERE namespace = 'options' ORDER BY 2;

-- ALTER is checked in the same way.
ALTER FOREIGN TABLE plain ADD COLUMN _more int;
ALTER FOREIGN TABLE plain ADD COLUMN more point;
ALTER FOREIGN TABLE plain ADD COLUMN n2 text OPTIONS (path 'name');
ALTER FOREIGN TABLE plain ALTER COLUMN name OPTIONS (ADD path '_id');
ALTER FOREIGN TABLE plain ALTER COLUMN name TYPE point;
ALTER FOREIGN TABLE plain ALTER COLUMN _id TYPE int;
ALTER FOREIGN TABLE plain DROP COLUMN _id;
ALTER FOREIGN TABLE plain OPTIONS (ADD colour 'red');
ALTER FOREIGN TABLE plain ADD COLUMN age int, ADD COLUMN city text OPTIONS (path 'address.city');
UPDATE plain SET age = 36, city = 'London';
SELECT * FROM plain;
ALTER FOREIGN TABLE plain ALTER COLUMN city OPTIONS (SET path 'address');
SELECT * FROM plain;
ALTER FOREIGN TABLE plain ALTER COLUMN age TYPE text;
SELECT age || '!' FROM plain;
ALTER FOREIGN TABLE plain DROP COLUMN city;
SELECT * FROM plain;

-- Whoever renames a table, a column or a schema still has the documents.
ALTER FOREIGN TABLE plain RENAME TO renamed;
ALTER FOREIGN TABLE renamed RENAME COLUMN name TO "full name";
ALTER TABLE renamed RENAME COLUMN _id TO key;
SELECT * FROM renamed;
SELECT ftoptions FROM pg_foreign_table WHERE ftrelid = 'renamed'::regclass;
ALTER SCHEMA options RENAME TO "other options";
SET search_path = "other options";
SELECT * FROM renamed;
SELECT ftrelid::regclass, ftoptions FROM pg_foreign_table
  WHERE ftrelid IN ('renamed'::regclass, 'named'::regclass, 'fine'::regclass)
  ORDER BY ftrelid::regclass::text;
CREATE SCHEMA options;
ALTER FOREIGN TABLE fine SET SCHEMA options;
SELECT doc FROM options.fine ORDER BY _id;
ALTER FOREIGN TABLE renamed OPTIONS (SET collection 'elsewhere');
SELECT * FROM renamed;
ALTER FOREIGN TABLE renamed OPTIONS (SET collection 'plain');
SELECT * FROM renamed;

-- Dropping the table keeps the documents; a partition makes its collection too.
DROP FOREIGN TABLE renamed, named;
SELECT namespace, collection, tables, documents FROM quire.collections
  WHERE namespace = 'options' ORDER BY 2;
CREATE TABLE parted (_id int, name text) PARTITION BY RANGE (_id);
CREATE FOREIGN TABLE low PARTITION OF parted FOR VALUES FROM (0) TO (10) SERVER quire;
CREATE FOREIGN TABLE IF NOT EXISTS low (_id int) SERVER quire;
SELECT namespace, collection, tables, key_type FROM quire.collections
  WHERE collection = 'low';
-- Taken back with the transaction.
BEGIN;
CREATE FOREIGN TABLE gone (_id int) SERVER quire;
INSERT INTO gone VALUES (1);
ROLLBACK;
SELECT count(*) FROM quire.collections WHERE collection = 'gone';

-- A collection belongs to the role that made it.
CREATE ROLE quire_regress_owner;
CREATE ROLE quire_regress_other;
GRANT USAGE ON FOREIGN SERVER quire TO quire_regress_owner, quire_regress_other;
GRANT CREATE, USAGE ON SCHEMA options TO quire_regress_owner, quire_regress_other;
SET ROLE quire_regress_owner;
CREATE FOREIGN TABLE options.mine (_id int, name text) SERVER quire;
INSERT INTO options.mine VALUES (1, 'mine');
SET ROLE quire_regress_other;
SELECT * FROM options.mine;
CREATE FOREIGN TABLE options.yours (_id int) SERVER quire OPTIONS (collection 'mine');
CREATE FOREIGN TABLE options.yours (_id int) SERVER quire;
ALTER FOREIGN TABLE options.yours OPTIONS (ADD collection 'mine');
SELECT collection, tables FROM quire.collections;
SELECT * FROM quire.collection_catalog;
RESET ROLE;
GRANT SELECT ON options.mine TO quire_regress_other;
GRANT quire_regress_owner TO quire_regress_other;
SET ROLE quire_regress_other;
SELECT * FROM options.mine;
ALTER FOREIGN TABLE options.yours OPTIONS (ADD collection 'mine');
SELECT * FROM options.yours;
SELECT collection, tables, owner FROM quire.collections ORDER BY 1;
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA "other options", options CASCADE;
DROP OWNED BY quire_regress_owner, quire_regress_other;
DROP ROLE quire_regress_owner, quire_regress_other;
