-- Quire 0.1. Every name is qualified and nothing is replaced: a name that is already taken is an error.
\echo Use "CREATE EXTENSION quire" to load this file. \quit

CREATE SCHEMA quire;
GRANT USAGE ON SCHEMA quire TO PUBLIC;

-- The foreign data wrapper, and the one server every foreign table names.

CREATE FUNCTION quire.fdw_handler() RETURNS pg_catalog.fdw_handler
  AS 'MODULE_PATHNAME', 'quire_fdw_handler'
  LANGUAGE C STRICT;

CREATE FUNCTION quire.fdw_validator(pg_catalog.text[], pg_catalog.oid) RETURNS pg_catalog.void
  AS 'MODULE_PATHNAME', 'quire_fdw_validator'
  LANGUAGE C STRICT;

REVOKE ALL ON FUNCTION quire.fdw_handler(), quire.fdw_validator(pg_catalog.text[], pg_catalog.oid)
  FROM PUBLIC;

CREATE FOREIGN DATA WRAPPER quire
  HANDLER quire.fdw_handler
  VALIDATOR quire.fdw_validator;

CREATE SERVER quire FOREIGN DATA WRAPPER quire;
