-- A receipt is written before its report leaves.

-- 1 when the report has arrived; 0 where nobody knows.
ALTER TABLE telemetry_receipts ADD COLUMN arrived INTEGER NOT NULL DEFAULT 1;
