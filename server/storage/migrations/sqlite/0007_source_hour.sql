CREATE TABLE `source_hour` (
	`source_id` text NOT NULL,
	`hour` integer NOT NULL,
	`channel` text NOT NULL,
	`within_s` integer NOT NULL,
	`count` integer NOT NULL,
	PRIMARY KEY(`source_id`, `hour`, `channel`, `within_s`)
);
