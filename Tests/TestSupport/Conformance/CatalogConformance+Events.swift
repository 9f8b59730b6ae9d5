import Catalog
import Testing
import Vocabulary

extension CatalogConformance {
  private struct Refusal: Error {}

  static let eventLaws: [CatalogLaw] = [
    CatalogLaw("events are numbered from 1 without gaps and read as they were recorded") { store in
      let events = [
        NewEvent(at: Sample.time(5), kind: .pushOpened, subject: "é", repo: Sample.repo("photos")),
        NewEvent(
          at: Sample.time(4), kind: .storageFault, subject: "b",
          details: ["path": "a/\"b\"\n\u{1}", "é": "", "z": "\0"]),
      ]
      try await store.write { catalog throws in
        #expect(try catalog.lastEventSequence() == 0)
        for event in events { try catalog.record(event) }
      }
      try await store.read { catalog throws in
        let recorded = try catalog.events(after: 0, limit: 9)
        #expect(recorded.map(\.event) == events)
        #expect(recorded.map(\.sequence) == [1, 2])
        #expect(try catalog.events(after: 1, limit: 9).map(\.sequence) == [2])
        #expect(try catalog.events(after: 0, limit: 1).map(\.sequence) == [1])
        #expect(try catalog.events(after: 2, limit: 9) == [])
        #expect(try catalog.lastEventSequence() == 2)
      }
    },
    CatalogLaw("a rolled back transaction records no event and takes no number") { store in
      try await store.write { try $0.record(Sample.event(subject: "first")) }
      await #expect(throws: Refusal.self) {
        try await store.write { catalog throws in
          try catalog.record(Sample.event(subject: "lost"))
          throw Refusal()
        }
      }
      try await store.write { try $0.record(Sample.event(subject: "second")) }
      let events = try await store.read { try $0.events(after: 0, limit: 9) }
      #expect(events.map(\.sequence) == [1, 2])
      #expect(events.map(\.event.subject) == ["first", "second"])
    },
    CatalogLaw("every kind of event can be recorded") { store in
      try await store.write { catalog throws in
        for kind in EventKind.allCases { try catalog.record(Sample.event(kind)) }
        #expect(try catalog.events(after: 0, limit: 99).map(\.event.kind) == EventKind.allCases)
      }
    },
    CatalogLaw("recent events are the newest of the wanted kinds, newest first") { store in
      try await store.write { catalog throws in
        for kind in [EventKind.pushFailed, .uploadCreated, .storageFault, .uploadCreated, .pushFailed] {
          try catalog.record(Sample.event(kind))
        }
        let wanted: Set<EventKind> = [.pushFailed, .storageFault]
        #expect(try catalog.recentEvents(kinds: wanted, limit: 9).map(\.sequence) == [5, 3, 1])
        #expect(try catalog.recentEvents(kinds: wanted, limit: 2).map(\.sequence) == [5, 3])
        #expect(try catalog.recentEvents(kinds: [], limit: 9) == [])
      }
    },
    CatalogLaw("the scheduler's cursor is absent at first, then where it was put last") { store in
      try await store.write { catalog throws in
        #expect(try catalog.schedulerCursor() == nil)
        try catalog.setSchedulerCursor(Sample.repo("a"))
        try catalog.setSchedulerCursor(Sample.repo("b"))
      }
      #expect(try await store.read { try $0.schedulerCursor() } == Sample.repo("b"))
    },
  ]
}
