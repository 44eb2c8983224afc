"""The law of the ledger, kept by the database itself: whoever writes, by whatever statement."""

from django.db import migrations

LAW = """
CREATE FUNCTION ledger_transfer_post() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    source ledger_account;
    target ledger_account;
    held bigint;
BEGIN
    -- Both accounts, lowest id first: postings in opposite directions do not wait for each other in a ring.
    FOR held IN SELECT id FROM ledger_account WHERE id IN (NEW.source_id, NEW.target_id)
                ORDER BY id FOR NO KEY UPDATE LOOP
    END LOOP;
    SELECT * INTO source FROM ledger_account WHERE id = NEW.source_id;
    SELECT * INTO target FROM ledger_account WHERE id = NEW.target_id;
    IF source.community_id IS DISTINCT FROM target.community_id THEN
        RAISE EXCEPTION 'a transfer stays within one community'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_one_community';
    END IF;
    IF source.currency IS DISTINCT FROM target.currency THEN
        RAISE EXCEPTION 'a transfer keeps its currency'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_one_currency';
    END IF;
    IF NEW.posted_at < transaction_timestamp() OR NEW.posted_at > clock_timestamp() THEN
        RAISE EXCEPTION 'a transfer is posted now, not at %', NEW.posted_at
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_posted_now';
    END IF;
    UPDATE ledger_account SET balance = balance - NEW.amount WHERE id = NEW.source_id;
    UPDATE ledger_account SET balance = balance + NEW.amount WHERE id = NEW.target_id;
    RETURN NULL;
END $$;
-- After, not before: a row that ON CONFLICT drops must not move anything.
CREATE TRIGGER ledger_transfer_post AFTER INSERT ON ledger_transfer
    FOR EACH ROW EXECUTE FUNCTION ledger_transfer_post();

CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % of % refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER ledger_transfer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_account_kept BEFORE DELETE OR TRUNCATE ON ledger_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

CREATE FUNCTION ledger_account_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.balance <> 0 THEN
            RAISE EXCEPTION 'an account is opened empty' USING ERRCODE = 'restrict_violation';
        END IF;
    -- Depth 1 is this trigger alone; below it stands ledger_transfer_post.
    ELSIF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'an account changes by transfers only' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_account_guard BEFORE INSERT OR UPDATE ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION ledger_account_guard();
"""
UNDO = """
DROP TRIGGER ledger_account_guard ON ledger_account;
DROP TRIGGER ledger_account_kept ON ledger_account;
DROP TRIGGER ledger_transfer_append_only ON ledger_transfer;
DROP TRIGGER ledger_transfer_post ON ledger_transfer;
DROP FUNCTION ledger_account_guard();
DROP FUNCTION ledger_refuse();
DROP FUNCTION ledger_transfer_post();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_occurred_at_and_names")]
    operations = [migrations.RunSQL(LAW, UNDO)]
