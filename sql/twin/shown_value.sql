-- The shown value: what a column of each type shows of a document, as docs/sql.md says it, in SQL
-- and without a line of the engine. The pg_regress files (through harness.sql beside this) and
-- tests/differential read collections against it. Plain SQL: no psql commands.
--
--   twin.<type>(doc jsonb, path text[])        what a column of that type shows
--   twin.<type>_array(doc jsonb, path text[])  the same for an array of that type
--   twin.show_<type>(value jsonb)              of one value
--   twin.fit_…                                 what a modifier as in varchar(3) leaves of it
--
-- <type>: int2 int4 int8 float4 float8 numeric bool text bytea uuid date timestamp timestamptz json
-- jsonb.
CREATE SCHEMA twin;

-- A number with an integral value, or a string that is a plain decimal integer.
CREATE FUNCTION twin.integral(value jsonb) RETURNS numeric IMMUTABLE LANGUAGE sql AS $$
  SELECT CASE jsonb_typeof(value)
    WHEN 'number' THEN CASE WHEN value::numeric = trunc(value::numeric) THEN value::numeric END
    WHEN 'string' THEN CASE WHEN value #>> '{}' ~ '^-?0*[0-9]{1,40}$'
                            THEN (value #>> '{}')::numeric END END
$$;
CREATE FUNCTION twin.show_int2(value jsonb) RETURNS int2 IMMUTABLE LANGUAGE sql AS $$
  SELECT CASE WHEN n BETWEEN -32768 AND 32767 THEN n::int2 END FROM twin.integral(value) AS n
$$;
CREATE FUNCTION twin.show_int4(value jsonb) RETURNS int4 IMMUTABLE LANGUAGE sql AS $$
  SELECT CASE WHEN n BETWEEN -2147483648 AND 2147483647 THEN n::int4 END
    FROM twin.integral(value) AS n
$$;
CREATE FUNCTION twin.show_int8(value jsonb) RETURNS int8 IMMUTABLE LANGUAGE sql AS $$
  SELECT CASE WHEN n BETWEEN -9223372036854775808 AND 9223372036854775807 THEN n::int8 END
    FROM twin.integral(value) AS n
$$;

-- A number, or a string that is a plain or scientific literal. (Exponents of more than four digits
-- are beyond numeric's range; a literal close to its ends is not tested here.)
CREATE FUNCTION twin.show_numeric(value jsonb) RETURNS numeric IMMUTABLE LANGUAGE sql AS $$
  SELECT CASE jsonb_typeof(value)
    WHEN 'number' THEN value::numeric
    WHEN 'string' THEN
      CASE WHEN value #>> '{}' IN ('NaN', 'Infinity', '-Infinity')
                OR (length(value #>> '{}') < 1000 AND
                    value #>> '{}' ~ '^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?0*[0-9]{1,4})?$')
           THEN (value #>> '{}')::numeric END END
$$;
-- The nearest: beyond the largest by half a step there is none; below half the smallest it is 0.
CREATE FUNCTION twin.show_float8(value jsonb) RETURNS float8 IMMUTABLE LANGUAGE sql AS $$
  SELECT CASE WHEN n IN ('NaN', 'Infinity', '-Infinity') OR n = 0 THEN n::float8
              WHEN abs(n) >= 1.797693134862315807937e308 THEN NULL
              WHEN abs(n) <= 2.4703282292062327e-324 THEN sign(n)::float8 * 0
              ELSE n::float8 END
    FROM twin.show_numeric(value) AS n
$$;
CREATE FUNCTION twin.show_float4(value jsonb) RETURNS float4 IMMUTABLE LANGUAGE sql AS $$
  SELECT CASE WHEN n IN ('NaN', 'Infinity', '-Infinity') OR n = 0 THEN n::float4
              WHEN abs(n) >= 3.4028235677973366163753939545814e38 THEN NULL
              WHEN abs(n) <= 7.006492321624085e-46 THEN sign(n)::float4 * 0::float4
              ELSE n::float4 END
    FROM twin.show_numeric(value) AS n
$$;

CREATE FUNCTION twin.show_bool(value jsonb) RETURNS bool IMMUTABLE LANGUAGE sql AS $$
  SELECT CASE WHEN value IN ('true', '"true"') THEN true
              WHEN value IN ('false', '"false"') THEN false END
$$;
CREATE FUNCTION twin.show_text(value jsonb) RETURNS text IMMUTABLE LANGUAGE sql AS $$
  SELECT value #>> '{}'
$$;
-- The text of a string that matches.
CREATE FUNCTION twin.string(value jsonb, pattern text) RETURNS text IMMUTABLE LANGUAGE sql AS $$
  SELECT CASE WHEN jsonb_typeof(value) = 'string' AND value #>> '{}' ~ pattern
              THEN value #>> '{}' END
$$;
CREATE FUNCTION twin.show_bytea(value jsonb) RETURNS bytea IMMUTABLE LANGUAGE sql AS $$
  SELECT decode(substr(twin.string(value, '^\\x([0-9a-fA-F]{2})*$'), 3), 'hex')
$$;
CREATE FUNCTION twin.show_uuid(value jsonb) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$
  SELECT twin.string(value, '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')::uuid
$$;

-- Whether the text, which begins YYYY-MM-DD, names a day of the calendar, from 4714-11-24 BC.
CREATE FUNCTION twin.is_day(iso text, last_year int) RETURNS bool IMMUTABLE LANGUAGE sql AS $$
  SELECT year > 0 AND (CASE WHEN iso LIKE '% BC'
                            THEN (-year, month, day) >= (-4714, 11, 24) ELSE year <= last_year END)
         AND day BETWEEN 1 AND
           CASE WHEN month IN (1, 3, 5, 7, 8, 10, 12) THEN 31
                WHEN month IN (4, 6, 9, 11) THEN 30
                WHEN month = 2 THEN CASE WHEN leap % 4 = 0 AND (leap % 100 <> 0 OR leap % 400 = 0)
                                         THEN 29 ELSE 28 END END
    FROM regexp_match(iso, '^([0-9]{4,7})-([0-9]{2})-([0-9]{2})') AS part,
         LATERAL (SELECT part[1]::int, part[2]::int, part[3]::int) AS d (year, month, day),
         -- There is no year 0: 1 BC is a leap year.
         LATERAL (SELECT CASE WHEN iso LIKE '% BC' THEN year - 1 ELSE year END) AS l (leap)
$$;
-- An ISO 8601 string; `zone` is the pattern of what stands behind the time of day.
CREATE FUNCTION twin.moment(value jsonb, time_and_zone text) RETURNS text IMMUTABLE LANGUAGE sql AS
$$
  SELECT CASE WHEN iso IN ('infinity', '-infinity') OR twin.is_day(iso, 294276) THEN iso END
    FROM twin.string(value, '^(-?infinity|[0-9]{4,7}-[0-9]{2}-[0-9]{2}' || time_and_zone ||
                            '( BC)?)$') AS iso
$$;
CREATE FUNCTION twin.show_timestamptz(value jsonb) RETURNS timestamptz IMMUTABLE LANGUAGE sql AS $$
  SELECT twin.moment(value,
    '[Tt ](([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?|24:00(:00)?)'
    '([Zz]|[-+](0[0-9]|1[0-5])(:?[0-5][0-9]|:[0-5][0-9]:[0-5][0-9])?)')::timestamptz
$$;
CREATE FUNCTION twin.show_timestamp(value jsonb) RETURNS timestamp IMMUTABLE LANGUAGE sql AS $$
  SELECT twin.moment(value,
    '([Tt ](([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?|24:00(:00)?))?')::timestamp
$$;
-- A moment that is a day's begin is that day, another time of day is no date.
CREATE FUNCTION twin.show_date(value jsonb) RETURNS date IMMUTABLE LANGUAGE sql AS $$
  SELECT CASE WHEN iso IN ('infinity', '-infinity') OR twin.is_day(iso, 5874897) THEN iso::date
              WHEN moment = date_trunc('day', moment) THEN moment::date END
    FROM twin.string(value, '^(-?infinity|[0-9]{4,7}-[0-9]{2}-[0-9]{2}( BC)?)$') AS iso,
         twin.show_timestamp(value) AS moment
$$;
CREATE FUNCTION twin.show_jsonb(value jsonb) RETURNS jsonb IMMUTABLE LANGUAGE sql AS $$
  SELECT value
$$;
CREATE FUNCTION twin.show_json(value jsonb) RETURNS json IMMUTABLE LANGUAGE sql AS $$
  SELECT value::text::json
$$;

DO $make$
DECLARE
  type text;
BEGIN
  FOREACH type IN ARRAY '{int2,int4,int8,float4,float8,numeric,bool,text,bytea,uuid,date,timestamp,
      timestamptz,json,jsonb}'::text[] LOOP
    type := btrim(type, E' \n');
    EXECUTE format($$CREATE FUNCTION twin.%1$I(doc jsonb, path text[]) RETURNS %1$s
      IMMUTABLE LANGUAGE sql AS 'SELECT twin.show_%1$s(doc #> path)'$$, type);
    -- An array whose elements all show, where null shows as NULL.
    EXECUTE format($$CREATE FUNCTION twin.%1$s_array(doc jsonb, path text[]) RETURNS %1$s[]
      IMMUTABLE LANGUAGE sql AS $body$
        SELECT CASE WHEN NOT EXISTS (SELECT FROM jsonb_array_elements(list) AS e
                                      WHERE e <> 'null' AND twin.show_%1$s(e) IS NULL)
                    THEN ARRAY (SELECT CASE WHEN e <> 'null' THEN twin.show_%1$s(e) END
                                  FROM jsonb_array_elements(list) WITH ORDINALITY AS l (e, n)
                                 ORDER BY n) END
          FROM (SELECT doc #> path) AS v (list) WHERE jsonb_typeof(list) = 'array'
      $body$ $$, type);
  END LOOP;
END $make$;

-- Longer than n: NULL.
CREATE FUNCTION twin.fit_length(value text, length_max int) RETURNS text IMMUTABLE LANGUAGE sql AS
$$
  SELECT CASE WHEN length(value) <= length_max THEN value END
$$;
-- numeric(p, s): rounded; what has too many digits then is NULL.
CREATE FUNCTION twin.fit_numeric(value numeric, digits_max int, scale int) RETURNS numeric
IMMUTABLE LANGUAGE sql AS $$
  SELECT CASE WHEN value = 'NaN' THEN value
              WHEN value IN ('Infinity', '-Infinity') THEN NULL
              WHEN abs(round(value, scale)) < ('1e' || digits_max - scale)::numeric
              THEN round(value, scale) END
$$;
