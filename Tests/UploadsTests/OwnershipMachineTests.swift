import TestSupport
import Testing
import Uploads

@Suite struct OwnershipMachineTests {
  @Test("the first request owns an idle upload at once")
  func first() {
    var machine = OwnershipMachine()
    #expect(machine.arrive(1) == [.grant(1)])
    #expect(!machine.isIdle)
    #expect(machine.release(1) == [])
    #expect(machine.isIdle)
  }

  @Test("a newer request asks the holder to yield, and owns the upload only once it was released")
  func takeover() {
    var machine = OwnershipMachine()
    _ = machine.arrive(1)
    #expect(machine.arrive(2) == [.askToYield(1)])
    #expect(machine.release(1) == [.grant(2)])
  }

  @Test("a request that gets its turn while others wait is asked to yield at once")
  func chain() {
    var machine = OwnershipMachine()
    _ = machine.arrive(1)
    _ = machine.arrive(2)
    _ = machine.arrive(3)
    #expect(machine.release(1) == [.grant(2), .askToYield(2)])
    #expect(machine.release(2) == [.grant(3)])
    #expect(machine.release(3) == [])
    #expect(machine.isIdle)
  }

  @Test("no more requests wait than the limit says: the one that waits longest makes room for the newest")
  func limit() {
    var machine = OwnershipMachine()
    _ = machine.arrive(0)
    for request in 1...OwnershipMachine.waitingLimit { #expect(machine.arrive(request) == [.askToYield(0)]) }
    #expect(machine.arrive(1000) == [.refuse(1), .askToYield(0)])
    #expect(machine.release(0) == [.grant(2), .askToYield(2)])
  }

  @Test(
    "B-9: in any interleaving at most one request owns the upload, and each that waits gets its turn",
    arguments: 0..<50)
  func interleavings(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var machine = OwnershipMachine()
    var owner: Int?
    var waiting: Set<Int> = []
    var next = 0
    var served = 0
    for _ in 0..<500 {
      let actions: [OwnershipMachine.Action]
      if let holder = owner, Bool.random(using: &random) {
        owner = nil
        actions = machine.release(holder)
      } else {
        next += 1
        waiting.insert(next)
        actions = machine.arrive(next)
      }
      for action in actions {
        switch action {
        case .grant(let request):
          #expect(owner == nil)
          #expect(waiting.remove(request) != nil)
          owner = request
          served += 1
        case .refuse(let request): #expect(waiting.remove(request) != nil)
        case .askToYield(let request): #expect(owner == request)
        }
      }
    }
    while let holder = owner {
      owner = nil
      for case .grant(let request) in machine.release(holder) {
        waiting.remove(request)
        owner = request
      }
    }
    #expect(waiting.isEmpty)
    #expect(machine.isIdle)
    #expect(served > 0)
  }
}
