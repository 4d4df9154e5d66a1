-- A collection and an ordinary table that are always written together.
CREATE FOREIGN TABLE steps (_id bigint NOT NULL, _doc jsonb) SERVER quire;
CREATE TABLE steps_heap (_id bigint PRIMARY KEY, _doc jsonb);
