CREATE TABLE "market_day" (
	"market_id" bigint NOT NULL,
	"business_day" text collate "C" NOT NULL,
	"total_vnd" bigint NOT NULL,
	"sale_count" bigint NOT NULL,
	"active_stalls30d" bigint NOT NULL,
	"payer_sale_count" bigint NOT NULL,
	"payers30d" bigint NOT NULL,
	"repeat_payers30d" bigint NOT NULL,
	CONSTRAINT "market_day_market_id_business_day_pk" PRIMARY KEY("market_id","business_day")
);
--> statement-breakpoint
CREATE TABLE "payer_sale" (
	"market_id" bigint NOT NULL,
	"business_day" text collate "C" NOT NULL,
	"payer_key" text collate "C" NOT NULL,
	"transaction_seq" bigint NOT NULL,
	"erase_on" text collate "C" NOT NULL,
	CONSTRAINT "payer_sale_market_id_business_day_payer_key_transaction_seq_pk" PRIMARY KEY("market_id","business_day","payer_key","transaction_seq")
);
--> statement-breakpoint
CREATE TABLE "rollup_cursor" (
	"market_id" bigint PRIMARY KEY NOT NULL,
	"seq" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "section_day" (
	"market_id" bigint NOT NULL,
	"business_day" text collate "C" NOT NULL,
	"section_id" bigint NOT NULL,
	"total_vnd" bigint NOT NULL,
	"sale_count" bigint NOT NULL,
	"active_stalls30d" bigint NOT NULL,
	CONSTRAINT "section_day_market_id_business_day_section_id_pk" PRIMARY KEY("market_id","business_day","section_id")
);
--> statement-breakpoint
CREATE TABLE "stall_day" (
	"market_id" bigint NOT NULL,
	"business_day" text collate "C" NOT NULL,
	"stall_id" bigint NOT NULL,
	"section_id" bigint NOT NULL,
	"total_vnd" bigint NOT NULL,
	"sale_count" bigint NOT NULL,
	CONSTRAINT "stall_day_market_id_business_day_stall_id_pk" PRIMARY KEY("market_id","business_day","stall_id")
);
--> statement-breakpoint
CREATE TABLE "stall_move" (
	"market_id" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"stall_id" bigint NOT NULL,
	"at" bigint NOT NULL,
	CONSTRAINT "stall_move_market_id_seq_pk" PRIMARY KEY("market_id","seq")
);
--> statement-breakpoint
DROP INDEX "bank_notification_body";--> statement-breakpoint
ALTER TABLE "classification" ADD COLUMN "stall_id" bigint;--> statement-breakpoint
ALTER TABLE "match" ADD COLUMN "part_vnd" bigint;--> statement-breakpoint
ALTER TABLE "match" ADD COLUMN "classification" text collate "C" DEFAULT 'unclear' NOT NULL;--> statement-breakpoint
ALTER TABLE "match_exception" ADD COLUMN "body_sha256" text collate "C";--> statement-breakpoint
CREATE INDEX "payer_sale_erase" ON "payer_sale" USING btree ("erase_on");--> statement-breakpoint
CREATE INDEX "match_exception_body" ON "match_exception" USING btree ("market_id","body_sha256");--> statement-breakpoint
UPDATE "match" m SET "classification" = coalesce((
  SELECT c."classification" FROM "classification" c
  WHERE c."market_id" = m."market_id" AND c."transaction_seq" = m."transaction_seq" AND c."seq" > m."seq"
  ORDER BY c."seq" LIMIT 1
), 'unclear');--> statement-breakpoint
DELETE FROM "change" WHERE "kind" = 'credit';--> statement-breakpoint
UPDATE "match_exception" e SET "body_sha256" = n."body_sha256" FROM "bank_notification" n
WHERE n."market_id" = e."market_id" AND n."seq" = e."notification_seq"
  AND e."reason" IN ('unreadable', 'content_changed');
