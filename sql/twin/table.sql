-- A heap table in the place of a collection: it keeps the document, shows its columns by
-- shown_value.sql, and obeys what docs/sql.md says under "Writing". Plain SQL, after
-- shown_value.sql.
--
--   CALL twin.make('people')   makes the heap twin of the foreign table "people" of schema s:
--                              a table "people" in the schema "s_twin", which it makes when missing
--
-- The twin has the same columns, NOT NULL and CHECK constraints and defaults, and _id as its
-- primary key. It knows one table for a collection, and no generated columns. A table without a
-- column _doc has no documents to show: its twin is a heap table like any other.

-- ISO 8601, as columns of these types write.
CREATE FUNCTION twin.iso(value timestamp) RETURNS text IMMUTABLE LANGUAGE sql AS $$
  SELECT CASE WHEN isfinite(value)
              THEN to_char(value, 'YYYY-MM-DD"T"HH24:MI:SS') ||
                   rtrim(rtrim(to_char(value, '.US'), '0'), '.') ||
                   CASE WHEN extract(year FROM value) < 0 THEN ' BC' ELSE '' END
              ELSE value::text END
$$;
CREATE FUNCTION twin.iso(value timestamptz) RETURNS text IMMUTABLE LANGUAGE sql AS $$
  SELECT CASE WHEN isfinite(value) THEN twin.iso(value AT TIME ZONE 'UTC') || 'Z'
              ELSE value::text END
$$;
-- A date may lie where no timestamp does.
CREATE FUNCTION twin.iso(value date) RETURNS text IMMUTABLE LANGUAGE sql AS $$
  SELECT to_jsonb(value) #>> '{}'
$$;

-- What a column writes to its path.
CREATE FUNCTION twin.written(value anyelement) RETURNS jsonb STABLE LANGUAGE plpgsql AS $$
DECLARE
  type text := pg_typeof(value);
  element text;
  list jsonb := '[]';
BEGIN
  IF type LIKE '%[]' THEN
    FOR i IN 1 .. coalesce(array_length(value, 1), 0) LOOP
      list := list || jsonb_build_array(coalesce(twin.written(value[i]), 'null'));
    END LOOP;
    RETURN CASE WHEN value IS NOT NULL THEN list END;
  ELSIF type IN ('timestamp with time zone', 'timestamp without time zone', 'date') THEN
    RETURN to_jsonb(twin.iso(value));
  ELSIF type = 'bytea' THEN
    RETURN to_jsonb('\x' || encode(value, 'hex'));
  ELSIF type = 'character' THEN
    RETURN to_jsonb(value::text);
  END IF;
  -- NaN and the infinities are strings there too.
  RETURN to_jsonb(value);
END $$;

-- The document with the value at the path: missing parents become objects.
CREATE FUNCTION twin.put(doc jsonb, path text[], value jsonb) RETURNS jsonb IMMUTABLE
LANGUAGE plpgsql AS $$
DECLARE
  here jsonb := doc -> path[1];
  inner_path text[] := path[2:];
BEGIN
  IF jsonb_typeof(doc) = 'array' THEN
    IF path[1] !~ '^[0-9]+$' OR path[1]::numeric > jsonb_array_length(doc) THEN
      RAISE invalid_parameter_value;
    END IF;
    here := doc -> path[1]::int;
    IF here IS NULL THEN
      RETURN doc || jsonb_build_array(
        CASE WHEN inner_path = '{}' THEN value ELSE twin.put('{}', inner_path, value) END);
    END IF;
  ELSIF jsonb_typeof(doc) <> 'object' THEN
    RAISE invalid_parameter_value;
  END IF;
  IF inner_path <> '{}' THEN
    value := twin.put(coalesce(here, '{}'), inner_path, value);
  END IF;
  RETURN jsonb_set(doc, ARRAY[path[1]], value);
END $$;
CREATE FUNCTION twin.cut(doc jsonb, path text[]) RETURNS jsonb IMMUTABLE LANGUAGE sql AS $$
  SELECT CASE WHEN doc #> path IS NULL THEN doc ELSE doc #- path END
$$;
CREATE FUNCTION twin.object(doc jsonb) RETURNS jsonb IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
  IF jsonb_typeof(doc) <> 'object' THEN
    RAISE invalid_parameter_value;
  END IF;
  RETURN doc;
END $$;

-- The steps of a column's path option, or, without one, its name as the only step.
CREATE FUNCTION twin.steps(options text[], name text) RETURNS text[] STABLE LANGUAGE sql AS $$
  SELECT coalesce(
    (SELECT array_agg(CASE WHEN s[1] IS NULL THEN s[2] ELSE replace(s[1], '""', '"') END)
       FROM pg_options_to_table(options) AS o,
            regexp_matches(o.option_value, '"((?:[^"]|"")*)"|([^."]+)', 'g') AS s
      WHERE o.option_name = 'path'), ARRAY[name])
$$;

-- A name in quotes, needed or not: what SQL may write without, a function's body may not.
CREATE FUNCTION twin.quoted(name text) RETURNS text IMMUTABLE LANGUAGE sql AS $$
  SELECT '"' || replace(name, '"', '""') || '"'
$$;

-- Columns, in order; `key`, `document`, `system` say which ones are none of the usual.
CREATE VIEW twin.column AS
  SELECT c.attrelid::regclass AS rel, c.attnum AS number, c.attname AS name,
         format_type(c.atttypid, c.atttypmod) AS type, c.attnotnull AS not_null,
         (SELECT format('COLLATE %s', l.oid::regcollation) FROM pg_collation l
           WHERE l.oid = c.attcollation AND l.oid <> t.typcollation) AS collation,
         pg_get_expr(d.adbin, d.adrelid) AS value,
         p.steps, p.steps = '{_id}' AS key, p.steps = '{_doc}' AS document,
         p.steps IN ('{_version}', '{_modified}') AS system,
         -- What it shows of a document called doc.
         CASE WHEN modifier < 0 THEN format(shows, '', '')
              WHEN base IN ('varchar', 'bpchar')
              THEN format(shows, 'twin.fit_length(', format(', %s)', modifier - 4))
              WHEN base = 'numeric'
              THEN format(shows, 'twin.fit_numeric(', format(', %s, %s)', (modifier - 4) >> 16,
                                                             (modifier - 4) & 2047))
              ELSE format(shows, '', '::' || format_type(c.atttypid, c.atttypmod)) END AS shown
    FROM pg_attribute c
    JOIN pg_type t ON t.oid = c.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.attrelid AND d.adnum = c.attnum,
    LATERAL twin.steps(c.attfdwoptions, c.attname) AS p (steps),
    LATERAL (SELECT coalesce(nullif(t.typbasetype, 0), t.oid),
                    CASE WHEN t.typbasetype <> 0 THEN t.typtypmod ELSE c.atttypmod END)
      AS b (base_id, modifier),
    LATERAL (SELECT typname FROM pg_type WHERE oid = b.base_id) AS n (base),
    LATERAL (SELECT format('%%stwin.%s(doc, %L)%%s', replace(
        CASE WHEN base LIKE '\_%' THEN substr(base, 2) || '_array' ELSE base END,
        CASE WHEN base LIKE '%varchar' THEN 'varchar' ELSE 'bpchar' END, 'text'), p.steps))
      AS s (shows)
   WHERE c.attnum > 0 AND NOT c.attisdropped;

CREATE PROCEDURE twin.make(rel regclass) LANGUAGE plpgsql AS $make$
DECLARE
  schema text := (SELECT relnamespace::regnamespace FROM pg_class WHERE oid = rel);
  name text := (SELECT quote_ident(relname) FROM pg_class WHERE oid = rel);
  home text := quote_ident(trim('"' FROM schema) || '_twin');
  heap text := home || '.' || name;
  c record;
  key record;
  document text;
  show_all text := '';
  put_all text := '';
  versions text := '';
  code text;
BEGIN
  IF to_regnamespace(home) IS NULL THEN
    EXECUTE 'CREATE SCHEMA ' || home;
  END IF;
  EXECUTE 'CREATE TABLE ' || heap || ' (' || (
    SELECT string_agg(format('%I %s %s', k.name, k.type, k.collation) ||
                      coalesce(' DEFAULT ' || k.value, '') ||
                      CASE WHEN k.not_null THEN ' NOT NULL' ELSE '' END ||
                      CASE WHEN k.key THEN ' PRIMARY KEY' ELSE '' END, ', ' ORDER BY k.number)
      FROM twin.column k WHERE k.rel = make.rel) || coalesce(
    (SELECT string_agg(', ' || pg_get_constraintdef(oid), '') FROM pg_constraint
      WHERE conrelid = make.rel AND contype = 'c'), '') || ')';
  SELECT * INTO key FROM twin.column k WHERE k.rel = make.rel AND k.key;
  document := (SELECT twin.quoted(k.name) FROM twin.column k WHERE k.rel = make.rel AND k.document);
  FOR c IN SELECT twin.quoted(k.name) AS name, k.steps, k.shown FROM twin.column k
      WHERE k.rel = make.rel AND NOT (k.key OR k.document OR k.system) ORDER BY k.number LOOP
    -- What is written as it was shows as it did.
    show_all := show_all || format('NEW.%1$s := CASE
      WHEN TG_OP = ''UPDATE'' AND (doc #> %2$L)::text IS NOT DISTINCT FROM (old_doc #> %2$L)::text
      THEN OLD.%1$s ELSE %3$s END; ', c.name, c.steps, c.shown);
    put_all := put_all || format('IF NEW.%1$s IS NOT NULL THEN
      doc := twin.put(doc, %2$L, twin.written(NEW.%1$s)); END IF; ', c.name, c.steps);
    -- An UPDATE that assigns the column, even the same value, or NULL to what shows as NULL.
    CONTINUE WHEN document IS NULL;
    EXECUTE format($$
      CREATE FUNCTION %1$s() RETURNS trigger LANGUAGE plpgsql AS $body$
      BEGIN
        NEW.%2$s := CASE WHEN NEW.%3$s IS NULL THEN twin.cut(NEW.%2$s, %4$L)
                         ELSE twin.put(NEW.%2$s, %4$L, twin.written(NEW.%3$s)) END;
        RETURN NEW;
      END $body$;
      CREATE TRIGGER %5$I BEFORE UPDATE OF %3$s ON %6$s FOR EACH ROW EXECUTE FUNCTION %1$s();
    $$, home || '.' || quote_ident('set ' || name || '.' || c.name), document, c.name, c.steps,
      '2 set ' || c.name, heap);
  END LOOP;
  FOR c IN SELECT twin.quoted(k.name) AS name, k.steps FROM twin.column k
      WHERE k.rel = make.rel AND k.system LOOP
    versions := versions || format('NEW.%s := %s; ', c.name,
      CASE WHEN c.steps = '{_modified}' THEN 'now()'
           ELSE format('CASE WHEN TG_OP = ''INSERT'' OR NEW.%1$I <> OLD.%1$I THEN 1
                        ELSE OLD.%2$s + 1 END', key.name, c.name) END);
    EXECUTE format($$
      CREATE TRIGGER %1$I BEFORE UPDATE OF %2$s ON %3$s FOR EACH ROW
        EXECUTE FUNCTION twin.refuse_assignment();
    $$, '0 refuse ' || c.name, c.name, heap);
  END LOOP;

  -- The key: of the column, else of the document, else made up.
  code := format('IF NEW.%I IS NULL THEN ', key.name) || CASE key.type
    WHEN 'text' THEN format('NEW.%I := gen_random_uuid()::text', key.name)
    WHEN 'uuid' THEN format('NEW.%I := gen_random_uuid()', key.name)
    ELSE 'RAISE not_null_violation' END || '; END IF; ';
  IF document IS NULL THEN
    EXECUTE format($$
      CREATE FUNCTION %1$s() RETURNS trigger LANGUAGE plpgsql AS $body$
      BEGIN
        %2$s %3$s
        RETURN NEW;
      END $body$;
      CREATE TRIGGER "3 last" BEFORE INSERT OR UPDATE ON %4$s
        FOR EACH ROW EXECUTE FUNCTION %1$s();
    $$, home || '.' || quote_ident('write ' || name), code, versions, heap);
    RETURN;
  END IF;

  EXECUTE format($$
    CREATE FUNCTION %1$s() RETURNS trigger LANGUAGE plpgsql AS $body$
    DECLARE
      doc jsonb := coalesce(twin.object(NEW.%2$s::jsonb), '{}');
    BEGIN
      IF NEW.%3$I IS NULL THEN
        NEW.%3$I := %4$s;
        IF NEW.%3$I IS NULL AND doc -> '_id' <> 'null' THEN
          RAISE invalid_text_representation;
        END IF;
      ELSIF doc -> '_id' <> 'null' AND NEW.%3$I IS DISTINCT FROM %4$s THEN
        RAISE invalid_parameter_value;
      END IF;
      %5$s
      IF %4$s IS DISTINCT FROM NEW.%3$I THEN
        doc := doc || jsonb_build_object('_id', twin.written(NEW.%3$I));
      END IF;
      %6$s
      NEW.%2$s := doc;
      RETURN NEW;
    END $body$;
    CREATE TRIGGER "1 insert" BEFORE INSERT ON %7$s FOR EACH ROW EXECUTE FUNCTION %1$s();
  $$, home || '.' || quote_ident('insert ' || name), document, key.name, key.shown, code, put_all,
    heap);
  EXECUTE format($$
    CREATE FUNCTION %1$s() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
      IF NEW.%2$s IS NULL THEN
        RAISE null_value_not_allowed;
      END IF;
      NEW.%2$s := twin.object(NEW.%2$s::jsonb);
      IF NEW.%2$s -> '_id' IS NULL THEN
        NEW.%2$s := NEW.%2$s || jsonb_build_object('_id', OLD.%2$s -> '_id');
      ELSIF NEW.%3$I = OLD.%3$I THEN
        NEW.%3$I := %5$s;
      END IF;
      RETURN NEW;
    END $body$;
    CREATE TRIGGER "1 document" BEFORE UPDATE OF %2$s ON %4$s
      FOR EACH ROW EXECUTE FUNCTION %1$s();
  $$, home || '.' || quote_ident('document ' || name), document, key.name, heap,
    replace(key.shown, 'doc,', format('NEW.%s,', document)));
  EXECUTE format($$
    CREATE FUNCTION %1$s() RETURNS trigger LANGUAGE plpgsql AS $body$
    DECLARE
      doc jsonb := NEW.%2$s;
      old_doc jsonb := CASE WHEN TG_OP = 'UPDATE' THEN OLD.%2$s::jsonb END;
    BEGIN
      IF NEW.%3$I IS NULL THEN
        RAISE not_null_violation;
      ELSIF %4$s IS DISTINCT FROM NEW.%3$I THEN
        doc := doc || jsonb_build_object('_id', twin.written(NEW.%3$I));
      END IF;
      %5$s %6$s
      NEW.%2$s := doc;
      RETURN NEW;
    END $body$;
    CREATE TRIGGER "3 last" BEFORE INSERT OR UPDATE ON %7$s
      FOR EACH ROW EXECUTE FUNCTION %1$s();
  $$, home || '.' || quote_ident('last ' || name), document, key.name, key.shown, show_all,
    versions, heap);
END $make$;

-- _version and _modified are nobody's to set.
CREATE FUNCTION twin.refuse_assignment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE generated_always;
END $$;
