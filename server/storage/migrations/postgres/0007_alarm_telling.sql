CREATE TABLE "alarm_telling" (
	"alarm_id" bigint NOT NULL,
	"state" text collate "C" NOT NULL,
	"way" text collate "C" NOT NULL,
	"outcome" text collate "C" NOT NULL,
	"tries" bigint NOT NULL,
	"tried_at" bigint NOT NULL,
	CONSTRAINT "alarm_telling_alarm_id_state_way_pk" PRIMARY KEY("alarm_id","state","way")
);
--> statement-breakpoint
INSERT INTO "alarm_telling" SELECT "id", "told", 'webhook', 'told', 1, coalesce("ended_at", "raised_at") FROM "source_alarm" WHERE "told" <> 'nothing';
--> statement-breakpoint
ALTER TABLE "source_alarm" DROP COLUMN "told";--> statement-breakpoint
ALTER TABLE "source_alarm" DROP COLUMN "tries";