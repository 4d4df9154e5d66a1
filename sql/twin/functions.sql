-- The functions for single documents, as docs/sql.md describes them, on heap twins. Plain SQL,
-- after table.sql.
--
--   CALL twin.make_functions()   makes doc_get, doc_put, doc_patch and doc_delete twice: in the
--                                first schema of the search path, where they call quire.get and so
--                                on, and in its twin schema, where they do the same to heap twins
--
-- They take the table's name as text and an id of any type; an untyped literal is a text.

-- RFC 7396.
CREATE FUNCTION twin.merged(target jsonb, patch jsonb) RETURNS jsonb IMMUTABLE LANGUAGE plpgsql AS
$$
DECLARE
  result jsonb := CASE WHEN jsonb_typeof(target) = 'object' THEN target ELSE '{}' END;
  field record;
BEGIN
  IF jsonb_typeof(patch) <> 'object' THEN
    RETURN patch;
  END IF;
  FOR field IN SELECT * FROM jsonb_each(patch) LOOP
    IF field.value = 'null' THEN
      result := result - field.key;
    ELSE
      result := result ||
        jsonb_build_object(field.key, twin.merged(result -> field.key, field.value));
    END IF;
  END LOOP;
  RETURN result;
END $$;

CREATE FUNCTION twin.get(rel regclass, id text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  doc jsonb;
BEGIN
  EXECUTE format('SELECT _doc FROM %s WHERE _id = %L', rel, id) INTO doc;
  RETURN doc;
END $$;
CREATE FUNCTION twin.put(rel regclass, id text, doc jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  version bigint;
BEGIN
  IF id IS NULL OR doc IS NULL THEN
    RAISE null_value_not_allowed;
  END IF;
  EXECUTE format('INSERT INTO %s (_id, _doc) VALUES (%L, %L)
    ON CONFLICT (_id) DO UPDATE SET _doc = EXCLUDED._doc RETURNING _version', rel, id, doc)
    INTO version;
  RETURN version;
END $$;
CREATE FUNCTION twin.patch(rel regclass, id text, patch jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  doc jsonb := twin.get(rel, id);
  version bigint;
BEGIN
  IF id IS NULL OR patch IS NULL THEN
    RAISE null_value_not_allowed;
  ELSIF doc IS NULL THEN
    RETURN NULL;
  ELSIF jsonb_typeof(patch) <> 'object' OR
      (patch ? '_id' AND patch -> '_id' IS DISTINCT FROM doc -> '_id') THEN
    RAISE invalid_parameter_value;
  END IF;
  EXECUTE format('UPDATE %s SET _doc = %L WHERE _id = %L RETURNING _version', rel,
                 twin.merged(doc, patch), id) INTO version;
  RETURN version;
END $$;
CREATE FUNCTION twin.delete(rel regclass, id text) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
  gone bool;
BEGIN
  IF id IS NULL THEN
    RAISE null_value_not_allowed;
  END IF;
  EXECUTE format('DELETE FROM %s WHERE _id = %L RETURNING true', rel, id) INTO gone;
  RETURN coalesce(gone, false);
END $$;

CREATE PROCEDURE twin.make_functions() LANGUAGE plpgsql AS $make$
DECLARE
  home text := current_schema();
  f record;
  id text;
BEGIN
  FOR f IN SELECT * FROM (VALUES ('get', '', '', 'jsonb'),
      ('put', ', doc jsonb', ', doc', 'bigint'), ('patch', ', doc jsonb', ', doc', 'bigint'),
      ('delete', '', '', 'bool'))
      AS v (name, parameter, argument, result) LOOP
    FOREACH id IN ARRAY '{text,anyelement}'::text[] LOOP
      -- The name of the table is looked up with the session's search path.
      EXECUTE format('CREATE FUNCTION %I.doc_%s(rel text, id %s%s) RETURNS %s LANGUAGE plpgsql AS
                      ''BEGIN RETURN quire.%s(rel::regclass, id%s); END''',
                     home, f.name, id, f.parameter, f.result, f.name, f.argument);
      EXECUTE format('CREATE FUNCTION %I.doc_%s(rel text, id %s%s) RETURNS %s LANGUAGE plpgsql AS
                      ''BEGIN RETURN twin.%s(rel::regclass, id::text%s); END''',
                     home || '_twin', f.name, id, f.parameter, f.result, f.name, f.argument);
    END LOOP;
  END LOOP;
END $make$;
