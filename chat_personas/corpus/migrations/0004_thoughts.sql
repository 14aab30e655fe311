-- What the model thought before the reply, and for how many seconds; null where it did not think, or the program died
-- before the thought ended. The full-text index holds messages only, so no thought enters it.

ALTER TABLE generations ADD COLUMN thought TEXT;
ALTER TABLE generations ADD COLUMN thought_seconds REAL;
