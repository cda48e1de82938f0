CREATE TABLE "source_hour" (
	"source_id" text collate "C" NOT NULL,
	"hour" bigint NOT NULL,
	"channel" text collate "C" NOT NULL,
	"within_s" bigint NOT NULL,
	"count" bigint NOT NULL,
	CONSTRAINT "source_hour_source_id_hour_channel_within_s_pk" PRIMARY KEY("source_id","hour","channel","within_s")
);
