DROP TABLE revocations;
DROP TABLE trusted_documents;
ALTER TABLE channels DROP COLUMN documents;
