CREATE TABLE "erasable" (
	"market_id" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"body" "bytea",
	"remittance_text" text collate "C",
	"payer_name" text collate "C",
	"payer_account" text collate "C",
	"erase_on" text collate "C" NOT NULL,
	CONSTRAINT "erasable_market_id_seq_pk" PRIMARY KEY("market_id","seq")
);
--> statement-breakpoint
INSERT INTO "erasable" ("market_id", "seq", "body", "erase_on") SELECT "market_id", "notification_seq", "body", "erase_on" FROM "notification_body";--> statement-breakpoint
INSERT INTO "erasable" ("market_id", "seq", "remittance_text", "payer_name", "payer_account", "erase_on") SELECT "market_id", "transaction_seq", "remittance_text", "payer_name", "payer_account", "erase_on" FROM "transaction_text";--> statement-breakpoint
DROP TABLE "notification_body";--> statement-breakpoint
DROP TABLE "transaction_text";--> statement-breakpoint
CREATE INDEX "erasable_erase" ON "erasable" USING btree ("erase_on");