/** One question at a time: while one is under way only the newest of the later ones is kept. */

export class Latest<Question, Answer> {
  private running = false;
  private next: { question: Question } | null = null;
  private ended = false;

  constructor(
    private readonly ask: (question: Question) => Promise<Answer>,
    private readonly answered: (answer: Answer, question: Question) => void,
    private readonly failed: (error: Error, question: Question) => void,
  ) {}

  /** Is a question under way, or kept? */
  get isBusy(): boolean {
    return this.running;
  }

  put(question: Question): void {
    this.next = { question };
    if (!this.running) void this.run();
  }

  /** Answers that come after this are not heard. */
  end(): void {
    this.ended = true;
    this.next = null;
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.next !== null) {
      const { question } = this.next;
      this.next = null;
      try {
        const answer = await this.ask(question);
        // What was typed meanwhile makes it an old answer; it is better than none.
        if (!this.ended) this.answered(answer, question);
      } catch (error) {
        if (!this.ended) this.failed(error as Error, question);
      }
    }
    this.running = false;
  }
}
