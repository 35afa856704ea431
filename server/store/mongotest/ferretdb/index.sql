-- FerretDB keeps a collection as a table with one jsonb column. It finds a string _id by the unique index it makes
-- itself, but asks for an integer one as _jsonb->'_id' @> '5', which that index cannot answer, so that PostgreSQL would
-- read the whole table. This gives each table that FerretDB makes an index that can.
CREATE OR REPLACE FUNCTION public.imgsvc_index_ids() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
	made record;
BEGIN
	FOR made IN
		SELECT c.objid, c.object_identity FROM pg_event_trigger_ddl_commands() c
		JOIN pg_attribute a ON a.attrelid = c.objid AND a.attname = '_jsonb'
		WHERE c.object_type = 'table' AND c.object_identity NOT LIKE '%._ferretdb_%' -- its own, with string _ids
	LOOP
		-- fastupdate would have readers go through a list of what was inserted last.
		EXECUTE format('CREATE INDEX ON %s USING gin ((_jsonb->''_id'') jsonb_path_ops) WITH (fastupdate = off)',
			made.object_identity);
	END LOOP;
END $$;

DROP EVENT TRIGGER IF EXISTS imgsvc_index_ids;
CREATE EVENT TRIGGER imgsvc_index_ids ON ddl_command_end WHEN TAG IN ('CREATE TABLE')
	EXECUTE FUNCTION public.imgsvc_index_ids();
