-- The edge: which documents a channel may send, and which tokens hold no longer.

ALTER TABLE channels ADD COLUMN documents TEXT NOT NULL DEFAULT 'ANY' CONSTRAINT channels_documents_check CHECK (documents IN ('ANY', 'TRUSTED'));
COMMENT ON COLUMN channels.documents IS 'Which documents it may send.';

CREATE TABLE trusted_documents (
  sha256 TEXT COLLATE "C" NOT NULL CONSTRAINT trusted_documents_sha256_check CHECK (length(sha256) = 64),
  text TEXT NOT NULL CONSTRAINT trusted_documents_text_check CHECK (length(text) BETWEEN 1 AND 32768),
  added_at_ms BIGINT NOT NULL,
  CONSTRAINT trusted_documents_sha256_pk PRIMARY KEY (sha256)
);
COMMENT ON TABLE trusted_documents IS 'Documents that channels bound to trusted ones may send.';
COMMENT ON COLUMN trusted_documents.sha256 IS 'SHA-256 of the text, hexadecimal; its name outside.';
COMMENT ON COLUMN trusted_documents.text IS 'The document.';
COMMENT ON COLUMN trusted_documents.added_at_ms IS 'When it was added.';

CREATE TABLE revocations (
  kind TEXT NOT NULL CONSTRAINT revocations_kind_check CHECK (kind IN ('TOKEN', 'SUBJECT')),
  value TEXT COLLATE "C" NOT NULL CONSTRAINT revocations_value_check CHECK (length(value) BETWEEN 1 AND 256),
  revoked_at_ms BIGINT NOT NULL,
  CONSTRAINT revocations_kind_value_pk PRIMARY KEY (kind, value)
);
COMMENT ON TABLE revocations IS 'Tokens that hold no longer.';
COMMENT ON COLUMN revocations.kind IS 'One token, or all given to a subject up to the instant.';
COMMENT ON COLUMN revocations.value IS 'Number of the token, or the subject.';
COMMENT ON COLUMN revocations.revoked_at_ms IS 'When.';
