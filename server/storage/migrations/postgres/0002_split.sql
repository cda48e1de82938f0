ALTER TABLE "classification" ADD COLUMN "stall_id" bigint;--> statement-breakpoint
ALTER TABLE "match" ADD COLUMN "part_vnd" bigint;