DROP INDEX "bank_notification_body";--> statement-breakpoint
ALTER TABLE "match_exception" ADD COLUMN "body_sha256" text collate "C";--> statement-breakpoint
CREATE INDEX "match_exception_body" ON "match_exception" USING btree ("market_id","body_sha256");--> statement-breakpoint
UPDATE "match_exception" e SET "body_sha256" = n."body_sha256" FROM "bank_notification" n
WHERE n."market_id" = e."market_id" AND n."seq" = e."notification_seq"
  AND e."reason" IN ('unreadable', 'content_changed');
