-- Whether a measurement may be shown, as it was judged when it was made; null for the measurements of older versions.

ALTER TABLE measurements ADD COLUMN verdict TEXT;
ALTER TABLE measurements ADD COLUMN order_agreement REAL;
ALTER TABLE measurements ADD COLUMN order_agreement_low REAL;
ALTER TABLE measurements ADD COLUMN order_agreement_high REAL;
