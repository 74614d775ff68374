-- A store as version 2 of the format wrote it: the default account, four seeded tokens, and two that were made, used, patched and
-- reset. The owner's secret is a-secret-of-my-own-choice.
PRAGMA foreign_keys = OFF;
BEGIN TRANSACTION;
CREATE TABLE custom_role (
        id TEXT PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        policy TEXT NOT NULL
    ) STRICT;
INSERT INTO "custom_role" VALUES('5eed00010000000000000000','seeded-rotators','seeded-rotators','[{"actions":["resetAccessToken"],"effect":"allow","resources":["service-token/*"]}]');
INSERT INTO "custom_role" VALUES('5eed00010000000000000001','seeded-auditors','seeded-auditors','[{"actions":["updateAccessTokenDescription"],"effect":"allow","resources":["service-token/*"]}]');
CREATE TABLE member (
        id TEXT PRIMARY KEY,
        email TEXT NOT NULL,
        role TEXT NOT NULL,
        first_name TEXT NOT NULL,
        last_name TEXT NOT NULL
    , custom_roles TEXT NOT NULL DEFAULT '[]') STRICT;
INSERT INTO "member" VALUES('739afc490b461425579bab9b','owner@example.com','owner','Example','Owner','[]');
INSERT INTO "member" VALUES('420e31dbfc068d2f3cd96cfb','admin@example.com','admin','Example','Admin','[]');
INSERT INTO "member" VALUES('8e6262d175d7bbcaa7bd0a9f','writer@example.com','writer','Example','Writer','[]');
INSERT INTO "member" VALUES('15bcc7360f64e37e9c9dd6b4','reader@example.com','reader','Example','Reader','[]');
INSERT INTO "member" VALUES('5eed00020000000000000000','member0@example.com','reader','Member','0','[]');
CREATE TABLE secret (
        hash BLOB PRIMARY KEY,
        token TEXT NOT NULL REFERENCES token (id) ON DELETE CASCADE,
        expires INTEGER
    ) STRICT;
INSERT INTO "secret" VALUES(X'3A20ABBED2CB821780FD7B19F10CCFB6E456285A6EB7A54D048EEEB3A3585127','de4e5c27fea0fafc9cd60596',NULL);
INSERT INTO "secret" VALUES(X'6205B2BC7AB4BC18F0322C59571196A0F80EF40F98469237FBC79318614AF462','7fe66089cb4ed6c4d231a5c1',NULL);
INSERT INTO "secret" VALUES(X'31A617896A9704B92223DE0BEFFEBBE0FABB71C8C89DBA1FC128CF983AC1AEC7','764deccbfd5c2134c57be748',NULL);
INSERT INTO "secret" VALUES(X'19E0E08B5916D0203416590A0931684C63F7F9227B1594B3A911BD93FBC3CCD4','382144f870971d649c9ce671',NULL);
INSERT INTO "secret" VALUES(X'E8C82EB8FA0DDA25E66512642500B3F859FE36772E312C0D1F880845EE45046A','77df45c32d3beb00d8731f87',NULL);
INSERT INTO "secret" VALUES(X'DD0D4C53D5CF03A3207078B193942E448B7E2B0085BAEE66D15A72768688F93B','ad11b06e083a87541ab02026',4102444800000);
INSERT INTO "secret" VALUES(X'D1E23167597D5DBB008C3E47B714E27D00DFC869A8C450C72C579A1FB67EDC17','ad11b06e083a87541ab02026',NULL);
CREATE TABLE token (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        member TEXT NOT NULL REFERENCES member (id),
        service INTEGER NOT NULL,
        last_used INTEGER,
        document TEXT NOT NULL
    , revision INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "token" VALUES(1,'de4e5c27fea0fafc9cd60596','739afc490b461425579bab9b',0,1795665330217,'{"_id":"de4e5c27fea0fafc9cd60596","creationDate":1795665330193,"defaultApiVersion":20240415,"description":"Made with the store","lastModified":1795665330193,"memberId":"739afc490b461425579bab9b","name":"Owner","ownerId":"739afc490b461425579bab9b","role":"admin","serviceToken":false,"token":"oice"}',0);
INSERT INTO "token" VALUES(2,'7fe66089cb4ed6c4d231a5c1','420e31dbfc068d2f3cd96cfb',0,NULL,'{"_id":"7fe66089cb4ed6c4d231a5c1","creationDate":1795665330193,"defaultApiVersion":20240415,"description":"Made with the store","lastModified":1795665330193,"memberId":"420e31dbfc068d2f3cd96cfb","name":"Admin","ownerId":"420e31dbfc068d2f3cd96cfb","role":"admin","serviceToken":false,"token":"e2a1"}',0);
INSERT INTO "token" VALUES(3,'764deccbfd5c2134c57be748','8e6262d175d7bbcaa7bd0a9f',0,NULL,'{"_id":"764deccbfd5c2134c57be748","creationDate":1795665330193,"defaultApiVersion":20240415,"description":"Made with the store","lastModified":1795665330193,"memberId":"8e6262d175d7bbcaa7bd0a9f","name":"Writer","ownerId":"8e6262d175d7bbcaa7bd0a9f","role":"writer","serviceToken":false,"token":"5531"}',0);
INSERT INTO "token" VALUES(4,'382144f870971d649c9ce671','15bcc7360f64e37e9c9dd6b4',0,NULL,'{"_id":"382144f870971d649c9ce671","creationDate":1795665330193,"defaultApiVersion":20240415,"description":"Made with the store","lastModified":1795665330193,"memberId":"15bcc7360f64e37e9c9dd6b4","name":"Reader","ownerId":"15bcc7360f64e37e9c9dd6b4","role":"reader","serviceToken":false,"token":"6c42"}',0);
INSERT INTO "token" VALUES(5,'5eed00000000000000000000','5eed00020000000000000000',1,1708422296952,'{"_id":"5eed00000000000000000000","creationDate":1672496214246,"defaultApiVersion":20240415,"description":"Terraform for search","inlineRole":[{"actions":["*"],"effect":"allow","resources":["proj/search:env/*:flag/*"]}],"lastModified":1672496214246,"memberId":"5eed00020000000000000000","name":"Terraform 0","ownerId":"5eed00020000000000000000","serviceToken":true,"token":"b1a9"}',0);
INSERT INTO "token" VALUES(6,'5eed00000000000000000001','5eed00020000000000000000',1,1719085534726,'{"_id":"5eed00000000000000000001","creationDate":1713088628155,"defaultApiVersion":20240415,"description":"Terraform for mobile","lastModified":1713088628155,"memberId":"5eed00020000000000000000","name":"Terraform 1","ownerId":"5eed00020000000000000000","role":"writer","serviceToken":true,"token":"20a6"}',0);
INSERT INTO "token" VALUES(7,'5eed00000000000000000002','5eed00020000000000000000',0,1676965304356,'{"_id":"5eed00000000000000000002","creationDate":1658052681425,"defaultApiVersion":20240415,"description":"Dashboard for billing","lastModified":1658052681425,"memberId":"5eed00020000000000000000","name":"Dashboard 2","ownerId":"5eed00020000000000000000","role":"writer","serviceToken":false,"token":"fea5"}',0);
INSERT INTO "token" VALUES(8,'5eed00000000000000000003','5eed00020000000000000000',1,1682879947080,'{"_id":"5eed00000000000000000003","creationDate":1662899551196,"defaultApiVersion":20240415,"description":"Warehouse sync for mobile","lastModified":1662899551196,"memberId":"5eed00020000000000000000","name":"Warehouse sync 3","ownerId":"5eed00020000000000000000","role":"writer","serviceToken":true,"token":"59a4"}',0);
INSERT INTO "token" VALUES(9,'77df45c32d3beb00d8731f87','739afc490b461425579bab9b',0,1795665330199,'{"_id":"77df45c32d3beb00d8731f87","creationDate":1795665330198,"defaultApiVersion":20240415,"lastModified":1795665330198,"memberId":"739afc490b461425579bab9b","name":"one","ownerId":"739afc490b461425579bab9b","role":"reader","serviceToken":false,"token":"b9c1"}',0);
INSERT INTO "token" VALUES(10,'ad11b06e083a87541ab02026','739afc490b461425579bab9b',1,1795665330203,'{"_id":"ad11b06e083a87541ab02026","creationDate":1795665330200,"defaultApiVersion":20240415,"lastModified":1795665330212,"memberId":"739afc490b461425579bab9b","name":"two again","ownerId":"739afc490b461425579bab9b","role":"writer","serviceToken":true,"token":"b8a4"}',2);
CREATE INDEX secret_of_token ON secret (token);
CREATE INDEX token_of_member ON token (member, service);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('token',11);
COMMIT;
PRAGMA application_id = 1279554667;
PRAGMA user_version = 2;
