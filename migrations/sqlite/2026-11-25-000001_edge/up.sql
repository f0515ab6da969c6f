-- The edge: which documents a channel may send, and which tokens hold no longer.

ALTER TABLE channels ADD COLUMN documents TEXT NOT NULL DEFAULT 'ANY' CONSTRAINT channels_documents_check CHECK (documents IN ('ANY', 'TRUSTED')); -- Which documents it may send.

-- Documents that channels bound to trusted ones may send.
CREATE TABLE trusted_documents (
  sha256 TEXT NOT NULL CONSTRAINT trusted_documents_sha256_check CHECK (length(sha256) = 64), -- SHA-256 of the text, hexadecimal; its name outside.
  text TEXT NOT NULL CONSTRAINT trusted_documents_text_check CHECK (length(text) BETWEEN 1 AND 32768), -- The document.
  added_at_ms BIGINT NOT NULL, -- When it was added.
  CONSTRAINT trusted_documents_sha256_pk PRIMARY KEY (sha256)
);

-- Tokens that hold no longer.
CREATE TABLE revocations (
  kind TEXT NOT NULL CONSTRAINT revocations_kind_check CHECK (kind IN ('TOKEN', 'SUBJECT')), -- One token, or all given to a subject up to the instant.
  value TEXT NOT NULL CONSTRAINT revocations_value_check CHECK (length(value) BETWEEN 1 AND 256), -- Number of the token, or the subject.
  revoked_at_ms BIGINT NOT NULL, -- When.
  CONSTRAINT revocations_kind_value_pk PRIMARY KEY (kind, value)
);
