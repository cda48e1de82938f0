ALTER TABLE "source_heard" DROP CONSTRAINT "source_heard_source_id_channel_pk";--> statement-breakpoint
ALTER TABLE "source_hour" DROP CONSTRAINT "source_hour_source_id_hour_channel_within_s_pk";--> statement-breakpoint
ALTER TABLE "source_heard" ADD COLUMN "bank_bin" text collate "C" DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "source_heard" ALTER COLUMN "bank_bin" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "source_hour" ADD COLUMN "bank_bin" text collate "C" DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "source_hour" ALTER COLUMN "bank_bin" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "source_heard" ADD CONSTRAINT "source_heard_source_id_channel_bank_bin_pk" PRIMARY KEY("source_id","channel","bank_bin");--> statement-breakpoint
ALTER TABLE "source_hour" ADD CONSTRAINT "source_hour_hour_source_id_bank_bin_channel_within_s_pk" PRIMARY KEY("hour","source_id","bank_bin","channel","within_s");--> statement-breakpoint
ALTER TABLE "source_alarm" ADD COLUMN "bank_bin" text collate "C";