-- What changed the hidden states of the model, by the keys of its interventions; older versions could change nothing
-- while people talked. And how far along a direction the states of a reply lie; null where that was not read.

ALTER TABLE generations ADD COLUMN interventions TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(interventions));
ALTER TABLE generations ADD COLUMN projection REAL;
ALTER TABLE generations ADD COLUMN projected_on TEXT;
ALTER TABLE measurements ADD COLUMN interventions TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(interventions));
