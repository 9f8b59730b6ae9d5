import HTTPEdge
import TestSupport
import Testing
import Vocabulary

@Suite struct RetentionDaysTests {
  @Test("D40 an age that is shown and sent back unchanged is the same, to the second")
  func roundTrip() throws {
    var random = SeededRandom(seed: 3)
    let some = (0..<2000).map { _ in Int64(random.int(0...40_000_000)) }
    for seconds in some + [0, 1, 59, 43_200, 86_399, 86_400, 86_401, 129_600] {
      #expect(try RetentionDays.seconds(RetentionDays.text(seconds)) == seconds)
    }
    #expect(try RetentionDays.seconds(RetentionDays.text(nil)) == nil)
    #expect(RetentionDays.text(43_200) == "0.5")
    #expect(RetentionDays.text(30 * 86_400) == "30")
  }

  @Test(
    "D40 what is no number of days is refused",
    arguments: ["-1", "x", "1.", ".5", "1.5.2", "1,5", "1.1234567", " 1"])
  func refused(text: String) {
    let error = #expect(throws: ProblemError.self) { try RetentionDays.seconds(text) }
    #expect(error?.problem == .badRequest)
  }

  @Test("D40 more days than there are is for ever")
  func overflow() throws {
    #expect(try RetentionDays.seconds("9223372036854775807") == .max)
  }
}
