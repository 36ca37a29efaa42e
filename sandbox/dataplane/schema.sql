-- What the services keep. Applied by their migrations; can be applied again.
CREATE OR REPLACE FUNCTION epoch_of_the_writer() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass('dr_guard.writer_lease') IS NULL THEN
        RETURN 0; -- no lease is used here
    END IF;
    RETURN (SELECT coalesce(max(epoch), 0) FROM dr_guard.writer_lease);
END $$;
CREATE TABLE IF NOT EXISTS orders (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    service    text NOT NULL,
    site       text NOT NULL,
    epoch      bigint NOT NULL DEFAULT epoch_of_the_writer(),
    run        text NOT NULL DEFAULT '',
    seq        bigint NOT NULL DEFAULT 0,
    payload    text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX IF NOT EXISTS orders_of_a_run ON orders (run, seq);
CREATE TABLE IF NOT EXISTS modes (
    name  text PRIMARY KEY,
    since timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE IF NOT EXISTS api_keys (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    active boolean NOT NULL DEFAULT true
);
