-- Quire 0.1. Every name is qualified and nothing is replaced: a name that is already taken is an error.
\echo Use "CREATE EXTENSION quire" to load this file. \quit

CREATE SCHEMA quire;
GRANT USAGE ON SCHEMA quire TO PUBLIC;

-- ---- The foreign data wrapper, and the one server every foreign table names.

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

-- ---- Which collections there are. Only the library reads and writes these tables.

-- The id under which this database's collections are known to the engine, the database that made
-- it, and the engine that holds the documents: each session compares them before it touches a
-- document, so that a copied database or a foreign engine is an error instead of empty tables.
CREATE TABLE quire.engine (
  namespace_id bigint NOT NULL,
  database_id oid NOT NULL,
  engine_id bigint NOT NULL
);

-- A collection's number is never used again. Neither this table nor the one above is dumped with
-- the database: CREATE EXTENSION and CREATE FOREIGN TABLE fill them anew, and numbers of another
-- engine would name nothing here.
CREATE TABLE quire.collection_catalog (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace name NOT NULL,
  name name NOT NULL,
  owner oid NOT NULL,
  key_type oid NOT NULL,
  UNIQUE (namespace, name)
);

REVOKE ALL ON quire.engine, quire.collection_catalog FROM PUBLIC;

CREATE FUNCTION quire.engine_id() RETURNS bigint
  AS 'MODULE_PATHNAME', 'quire_engine_id'
  LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;

REVOKE ALL ON FUNCTION quire.engine_id() FROM PUBLIC;

-- The oid of the database stands above 32 random bits (the first eight digits of a version 4 UUID are
-- random in full): DROP DATABASE, which cannot look in here, finds the collections by it.
INSERT INTO quire.engine (namespace_id, database_id, engine_id)
  SELECT d.oid::bigint OPERATOR(pg_catalog.<<) 32
         OPERATOR(pg_catalog.|) ('x' OPERATOR(pg_catalog.||) pg_catalog.left(
           pg_catalog.gen_random_uuid()::text, 8))::pg_catalog.bit(32)::bigint,
         d.oid, quire.engine_id()
    FROM pg_catalog.pg_database AS d
   WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database();

-- An estimate, exact while nobody writes; null for a collection that the user may not know of.
CREATE FUNCTION quire.collection_documents(number bigint) RETURNS bigint
  AS 'MODULE_PATHNAME', 'quire_collection_documents'
  LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;

-- Versions in memory, those of deletions too, and the bytes that they take there.
CREATE FUNCTION quire.collection_versions(number bigint) RETURNS bigint
  AS 'MODULE_PATHNAME', 'quire_collection_versions'
  LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;

CREATE FUNCTION quire.collection_bytes(number bigint) RETURNS bigint
  AS 'MODULE_PATHNAME', 'quire_collection_bytes'
  LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;

-- Each foreign table over a collection, with the names that its options or their defaults give.
CREATE VIEW quire.collection_tables AS
  SELECT f.ftrelid AS relation,
         coalesce((SELECT o.option_value
                     FROM pg_catalog.pg_options_to_table(f.ftoptions) AS o
                    WHERE o.option_name OPERATOR(pg_catalog.=) 'namespace'), n.nspname::text)
           AS namespace,
         coalesce((SELECT o.option_value
                     FROM pg_catalog.pg_options_to_table(f.ftoptions) AS o
                    WHERE o.option_name OPERATOR(pg_catalog.=) 'collection'), c.relname::text)
           AS collection
    FROM pg_catalog.pg_foreign_table AS f
    JOIN pg_catalog.pg_foreign_server AS s ON s.oid OPERATOR(pg_catalog.=) f.ftserver
    JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid OPERATOR(pg_catalog.=) s.srvfdw
    JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) f.ftrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
   WHERE w.fdwname OPERATOR(pg_catalog.=) 'quire';

-- What there is for whoever asks: collections of their own roles, collections with a table that
-- they may use, and everything for pg_monitor.
CREATE VIEW quire.collections WITH (security_barrier) AS
  SELECT c.namespace,
         c.name AS collection,
         pg_catalog.pg_get_userbyid(c.owner) AS owner,
         t.tables,
         c.key_type::pg_catalog.regtype AS key_type,
         quire.collection_documents(c.number) AS documents,
         quire.collection_versions(c.number) AS versions,
         quire.collection_bytes(c.number) AS bytes
    FROM quire.collection_catalog AS c
    CROSS JOIN LATERAL (
      SELECT pg_catalog.array_agg(t.relation::pg_catalog.regclass
                                  ORDER BY t.relation::pg_catalog.regclass::text) AS tables,
             pg_catalog.bool_or(pg_catalog.has_table_privilege(
                                  t.relation, 'SELECT, INSERT, UPDATE, DELETE')
                                OR pg_catalog.has_any_column_privilege(
                                  t.relation, 'SELECT, INSERT, UPDATE')) AS usable
        FROM quire.collection_tables AS t
       WHERE t.namespace OPERATOR(pg_catalog.=) c.namespace::text
         AND t.collection OPERATOR(pg_catalog.=) c.name::text) AS t
   WHERE pg_catalog.pg_has_role(c.owner, 'USAGE')
      OR t.usable
      OR pg_catalog.pg_has_role('pg_monitor', 'USAGE');

GRANT SELECT ON quire.collections TO PUBLIC;

-- ---- Single documents by key. The privileges of the foreign table decide, for the current user.

CREATE FUNCTION quire.get(rel pg_catalog.regclass, id text) RETURNS pg_catalog.jsonb
  AS 'MODULE_PATHNAME', 'quire_get_text'
  LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
CREATE FUNCTION quire.get(rel pg_catalog.regclass, id bigint) RETURNS pg_catalog.jsonb
  AS 'MODULE_PATHNAME', 'quire_get_bigint'
  LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
CREATE FUNCTION quire.get(rel pg_catalog.regclass, id pg_catalog.uuid) RETURNS pg_catalog.jsonb
  AS 'MODULE_PATHNAME', 'quire_get_uuid'
  LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
CREATE FUNCTION quire.get(rel pg_catalog.regclass, id pg_catalog.jsonb) RETURNS pg_catalog.jsonb
  AS 'MODULE_PATHNAME', 'quire_get_jsonb'
  LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;

-- Inserts or replaces, and returns the new version.
CREATE FUNCTION quire.put(rel pg_catalog.regclass, id text, doc pg_catalog.jsonb)
  RETURNS bigint
  AS 'MODULE_PATHNAME', 'quire_put_text'
  LANGUAGE C VOLATILE PARALLEL UNSAFE;
CREATE FUNCTION quire.put(rel pg_catalog.regclass, id bigint, doc pg_catalog.jsonb)
  RETURNS bigint
  AS 'MODULE_PATHNAME', 'quire_put_bigint'
  LANGUAGE C VOLATILE PARALLEL UNSAFE;
CREATE FUNCTION quire.put(rel pg_catalog.regclass, id pg_catalog.uuid, doc pg_catalog.jsonb)
  RETURNS bigint
  AS 'MODULE_PATHNAME', 'quire_put_uuid'
  LANGUAGE C VOLATILE PARALLEL UNSAFE;
CREATE FUNCTION quire.put(rel pg_catalog.regclass, id pg_catalog.jsonb, doc pg_catalog.jsonb)
  RETURNS bigint
  AS 'MODULE_PATHNAME', 'quire_put_jsonb'
  LANGUAGE C VOLATILE PARALLEL UNSAFE;

-- Applies a JSON merge patch (RFC 7396); the new version, or null when there is no such document.
CREATE FUNCTION quire.patch(rel pg_catalog.regclass, id text, patch pg_catalog.jsonb)
  RETURNS bigint
  AS 'MODULE_PATHNAME', 'quire_patch_text'
  LANGUAGE C VOLATILE PARALLEL UNSAFE;
CREATE FUNCTION quire.patch(rel pg_catalog.regclass, id bigint, patch pg_catalog.jsonb)
  RETURNS bigint
  AS 'MODULE_PATHNAME', 'quire_patch_bigint'
  LANGUAGE C VOLATILE PARALLEL UNSAFE;
CREATE FUNCTION quire.patch(rel pg_catalog.regclass, id pg_catalog.uuid, patch pg_catalog.jsonb)
  RETURNS bigint
  AS 'MODULE_PATHNAME', 'quire_patch_uuid'
  LANGUAGE C VOLATILE PARALLEL UNSAFE;
CREATE FUNCTION quire.patch(rel pg_catalog.regclass, id pg_catalog.jsonb, patch pg_catalog.jsonb)
  RETURNS bigint
  AS 'MODULE_PATHNAME', 'quire_patch_jsonb'
  LANGUAGE C VOLATILE PARALLEL UNSAFE;

CREATE FUNCTION quire.delete(rel pg_catalog.regclass, id text) RETURNS boolean
  AS 'MODULE_PATHNAME', 'quire_delete_text'
  LANGUAGE C VOLATILE PARALLEL UNSAFE;
CREATE FUNCTION quire.delete(rel pg_catalog.regclass, id bigint) RETURNS boolean
  AS 'MODULE_PATHNAME', 'quire_delete_bigint'
  LANGUAGE C VOLATILE PARALLEL UNSAFE;
CREATE FUNCTION quire.delete(rel pg_catalog.regclass, id pg_catalog.uuid) RETURNS boolean
  AS 'MODULE_PATHNAME', 'quire_delete_uuid'
  LANGUAGE C VOLATILE PARALLEL UNSAFE;
CREATE FUNCTION quire.delete(rel pg_catalog.regclass, id pg_catalog.jsonb) RETURNS boolean
  AS 'MODULE_PATHNAME', 'quire_delete_jsonb'
  LANGUAGE C VOLATILE PARALLEL UNSAFE;

-- ---- Dropping collections: their owner's.

CREATE FUNCTION quire.drop_collection(rel pg_catalog.regclass) RETURNS void
  AS 'MODULE_PATHNAME', 'quire_drop_collection_of'
  LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
CREATE FUNCTION quire.drop_collection(namespace text, collection text) RETURNS void
  AS 'MODULE_PATHNAME', 'quire_drop_collection'
  LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;

-- ---- Where the engine stands.

CREATE FUNCTION quire.stat_log_row(OUT phase text, OUT applied_lsn pg_catalog.pg_lsn,
    OUT synced_lsn pg_catalog.pg_lsn, OUT slot_lsn pg_catalog.pg_lsn, OUT lag_bytes bigint,
    OUT retained_wal_bytes bigint, OUT first_position bigint, OUT end_position bigint,
    OUT synced_position bigint, OUT seq bigint, OUT horizon bigint, OUT worker_pid integer)
  AS 'MODULE_PATHNAME', 'quire_stat_log'
  LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;

CREATE FUNCTION quire.progress_row(OUT task text, OUT phase text, OUT done bigint,
    OUT total bigint, OUT problem text)
  AS 'MODULE_PATHNAME', 'quire_progress'
  LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;

-- The parts of quire.memory by purpose; their sum is the whole.
CREATE FUNCTION quire.stat_memory_rows(OUT purpose text, OUT bytes bigint) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'quire_stat_memory'
  LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;

CREATE FUNCTION quire.horizon_row(OUT horizon pg_catalog.xid8, OUT horizon_holder text)
  AS 'MODULE_PATHNAME', 'quire_horizon'
  LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;

REVOKE ALL ON FUNCTION quire.stat_log_row(), quire.progress_row(), quire.stat_memory_rows(),
  quire.horizon_row() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION quire.stat_log_row(), quire.progress_row(), quire.stat_memory_rows(),
  quire.horizon_row() TO pg_monitor;

-- The engine log against the server's: what is in it and durable, how far the worker lags, and how
-- much of the server's log the slot keeps for it.
CREATE VIEW quire.stat_log AS SELECT * FROM quire.stat_log_row();

CREATE VIEW quire.progress AS SELECT * FROM quire.progress_row();

-- Old versions are kept from the transaction `horizon` on, which `horizon_holder` keeps from moving.
CREATE VIEW quire.stat_memory AS
  SELECT m.purpose, m.bytes, h.horizon, h.horizon_holder
    FROM quire.stat_memory_rows() AS m CROSS JOIN quire.horizon_row() AS h;

GRANT SELECT ON quire.stat_log, quire.progress, quire.stat_memory TO pg_monitor;

-- Returns once a copy of the data directory that begins now can be opened: to be called between
-- pg_backup_start() and the copy. pg_basebackup needs no such call.
CREATE FUNCTION quire.backup_ready() RETURNS void
  AS 'MODULE_PATHNAME', 'quire_backup_ready'
  LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;

REVOKE ALL ON FUNCTION quire.backup_ready() FROM PUBLIC;
