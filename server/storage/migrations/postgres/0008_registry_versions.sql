ALTER TABLE "source" ADD COLUMN "unbound_version" bigint DEFAULT 0;--> statement-breakpoint
ALTER TABLE "source_account" ADD COLUMN "version" bigint;--> statement-breakpoint
ALTER TABLE "stall" ADD COLUMN "version" bigint;--> statement-breakpoint
CREATE INDEX "source_account_version" ON "source_account" USING btree ("version");--> statement-breakpoint
CREATE INDEX "stall_version" ON "stall" USING btree ("version");--> statement-breakpoint
CREATE INDEX "tenancy_vendor" ON "tenancy" USING btree ("market_id","vendor_id");