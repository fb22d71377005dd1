/** The town's time zone: times of day are the town's, wherever the browser stands. */

class Zone {
  /** IANA name as the daemon tells it; "" until it has. */
  name = $state("");
}

export const zone = new Zone();
