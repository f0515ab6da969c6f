// The numbered proof of a payment: its id in 12 digits or more and a Luhn check digit, as granary's.
export function receiptNumber(paymentId) {
  if (paymentId === null) return null;
  const digits = String(paymentId).padStart(12, "0");
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - place) - 48;
    const weighed = place % 2 === 0 ? digit * 2 : digit;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return digits + ((10 - (sum % 10)) % 10);
}
