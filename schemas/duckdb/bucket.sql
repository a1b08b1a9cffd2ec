
INSTALL httpfs;
LOAD httpfs;
-- First, with your own credentials; for another store than Amazon's add ENDPOINT 'host:port' and URL_STYLE 'path', and
-- for one without TLS USE_SSL false. Or PROVIDER credential_chain instead of the two, where the machine has a role:
-- CREATE OR REPLACE SECRET archive (TYPE s3, KEY_ID '<key id>', SECRET '<secret key>', REGION '<region>');
