from django.db import migrations

LAW = """
CREATE FUNCTION commerce_invoice_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an invoice is never changed or removed: write a credit note' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER commerce_invoice_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON commerce_invoice
    FOR EACH STATEMENT EXECUTE FUNCTION commerce_invoice_refuse();
"""
UNDO = """
DROP TRIGGER commerce_invoice_stays ON commerce_invoice;
DROP FUNCTION commerce_invoice_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("commerce", "0013_attempts_and_proofs")]
    operations = [migrations.RunSQL(LAW, UNDO)]
