import { businessDay, vietnamDate, vietnamTime } from '../../../shared/business-day.ts'

/** «10:42 ngày 22/11», Vietnam time. */
export const when = (epochMs: number): string =>
  `${vietnamTime(epochMs)} ngày ${vietnamDate(businessDay(epochMs, 0))}`
