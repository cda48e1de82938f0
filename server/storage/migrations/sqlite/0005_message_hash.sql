DROP INDEX `bank_notification_body`;--> statement-breakpoint
ALTER TABLE `match_exception` ADD `body_sha256` text;--> statement-breakpoint
CREATE INDEX `match_exception_body` ON `match_exception` (`market_id`,`body_sha256`);--> statement-breakpoint
UPDATE `match_exception` SET `body_sha256` = (
  SELECT n.`body_sha256` FROM `bank_notification` n
  WHERE n.`market_id` = `match_exception`.`market_id` AND n.`seq` = `match_exception`.`notification_seq`
) WHERE `reason` IN ('unreadable', 'content_changed');
