-- What CREATE EXTENSION makes, and that it goes away again. No twin: there are no documents in it.
SELECT fdwname, fdwhandler::regproc, fdwvalidator::regproc
  FROM pg_foreign_data_wrapper WHERE fdwname = 'quire';
SELECT srvname, srvacl FROM pg_foreign_server WHERE srvname = 'quire';
SELECT extversion, nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace
  WHERE extname = 'quire';

-- Nobody but its owner may use the server unless the owner says so.
CREATE ROLE quire_regress_stranger;
SET ROLE quire_regress_stranger;
SELECT has_server_privilege('quire', 'USAGE');
RESET ROLE;
DROP ROLE quire_regress_stranger;

-- The whole schema belongs to the extension.
BEGIN;
DROP EXTENSION quire;
SELECT count(*) FROM pg_namespace WHERE nspname = 'quire';
ROLLBACK;

-- A name that is already taken is an error, never taken over.
\set first :DBNAME
CREATE DATABASE quire_regress_other;
\c quire_regress_other
CREATE SCHEMA quire;
CREATE EXTENSION quire;
\c :first
DROP DATABASE quire_regress_other;
